/**
 * How alike maps are, and how true: similarities of maps, which are plain functions, and metrics,
 * which may ask the model.
 */
package candela.metric;
