/** Attribution methods: records of hyper-parameters that make probes. */
package candela.method;
