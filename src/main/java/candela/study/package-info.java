/** Sweeps over hyper-parameters: what is asked, what of it is run, and the ledger of results. */
package candela.study;
