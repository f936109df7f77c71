/**
 * What flows back instead of the gradient: relevance, multipliers, rectified gradients. A rule is
 * written once, over what operators have in common, never for one operator.
 */
package candela.rule;
