/** Results as a page for the browser. */
package candela.report;
