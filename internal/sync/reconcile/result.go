package reconcile

import "github.com/lockstep-dev/lockstep/internal/sync/runner"

// Result says how a run without an error ended. The contract is the runner's.
type Result = runner.Result
