/**
 * Remove and retrain: whether pixels that maps call important are those that can be learnt from.
 */
package candela.roar;
