// Package ordered keeps the simulators' objects. A Table finds them by id in
// constant time and lists them in the order of creation; a Timeline sorts them by
// a creation time that clients may choose. The order of a map never decides
// anything. Otherwise the same seed could not give the same history.
package ordered
