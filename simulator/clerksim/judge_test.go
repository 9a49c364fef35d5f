package clerksim_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator/clerksim"
)

func TestEveryClerkOperationIsInClerksDocument(t *testing.T) {
	t.Parallel()
	t.Logf("%d operations", openapicheck.CheckClerkOperations(t, clerksim.Operations()))
}
