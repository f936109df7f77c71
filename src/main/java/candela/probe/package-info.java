/** Questions to a model about perturbed inputs, and the pipeline that packs them into batches. */
package candela.probe;
