package lockstep_test

import (
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
)

// The audit log cannot be erased, so it must not get personal data.
func TestReasonsOfOperators(t *testing.T) {
	t.Parallel()
	for reason, fine := range map[string]bool{"": true, "ticket 42: ask @ada, 3 @ 5 € each": true,
		strings.Repeat("x", 500): true, strings.Repeat("x", 501): false, "a\nb": false, "\xff": false,
		"ada@example.com wrote": false, "for <ada.l+x@mail.example.com>": false} {
		if err := lockstep.CheckReason(reason); (err == nil) != fine {
			t.Errorf("%q: %v", reason, err)
		}
	}
}
