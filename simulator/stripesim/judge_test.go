package stripesim_test

import (
	"testing"

	"github.com/lockstep-dev/lockstep/internal/check/openapicheck"
	"github.com/lockstep-dev/lockstep/simulator/stripesim"
)

func TestEveryStripeOperationAndParameterIsInStripesDocument(t *testing.T) {
	t.Parallel()
	operations, params := openapicheck.CheckStripeOperations(t, stripesim.Operations())
	t.Logf("%d operations with %d parameters", operations, params)
	if operations < 50 || params < 300 {
		t.Errorf("only %d operations with %d parameters were judged", operations, params)
	}
}
