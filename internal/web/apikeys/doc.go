// Package apikeys knows which API keys are valid. A [Ring] holds the keys of the environment, which need no
// database, and the stored keys, which it reads when someone uses one and its last look is older than two
// seconds. It reads nothing while nobody calls.
//
// What happens to a stored key:
//
//	it is revoked here            this process refuses it at once
//	it is revoked elsewhere       refused after at most two seconds
//	it is created elsewhere       accepted at once: an unknown key causes a look
//	the database cannot be read   a key that was known stays valid for 10 minutes after the last look;
//	                              then, and for unknown keys, the caller gets [ErrUnavailable]
//
// Ten minutes are longer than the failover of a database, and bound how long a process that is cut off from
// the database accepts a key that was revoked on the other side.
//
// A key is found by the hash of its secret in a map. How long that takes depends on the hash of what the
// caller sent, and not on how much of a secret is right.
package apikeys
