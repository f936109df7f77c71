package candela.study;

import candela.method.Method;

/**
 * One method of a sweep.
 *
 * @param label the values of what is varied: {@code 53}, or {@code patch=53, stride=3} where more
 *     than one parameter is
 */
public record Setting(String label, Method method) {}
