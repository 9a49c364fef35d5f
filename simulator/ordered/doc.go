// Package ordered keeps the simulators' objects: found by id in constant time,
// walked in the order they were created. No map's order ever decides anything,
// which is a condition for the same seed giving the same history.
package ordered
