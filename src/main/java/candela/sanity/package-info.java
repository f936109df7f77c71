/** Sanity checks: whether maps depend on what the model has learnt, and on the class. */
package candela.sanity;
