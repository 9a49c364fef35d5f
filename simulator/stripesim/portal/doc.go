// Package portal runs the sessions, configurations and flows of the customer
// portal, and decides which changes a configuration allows. Package pages shows
// them.
package portal
