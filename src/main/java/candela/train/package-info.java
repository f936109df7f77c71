/** Training: architectures, data, attacks, and the loop that fits the one to the other. */
package candela.train;
