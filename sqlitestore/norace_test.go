//go:build !race

package sqlitestore_test

// killedRows lists how many rows an operation has when its process is killed.
var killedRows = []int{1, 1_000, 50_000}
