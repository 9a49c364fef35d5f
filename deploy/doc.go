// Package deploy has no code: its tests check the files with which an operator runs Lockstep.
package deploy
