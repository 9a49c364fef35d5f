//go:build race

package sqlitestore_test

// killedRows lists how many rows an operation has when its process is killed. The race detector
// makes the largest size too slow; two steps are enough.
var killedRows = []int{1, 1_000, 2_500}
