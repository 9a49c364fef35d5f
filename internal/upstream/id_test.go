package upstream

import (
	"strings"
	"testing"
)

func TestStorable(t *testing.T) {
	if !Storable() || !Storable("", "cus_1", "../é x", strings.Repeat("x", 255)) {
		t.Error("an id is not storable")
	}
	for _, s := range []string{"a\x00b", "a\n", "\x1f", "\x7f", strings.Repeat("x", 256), strings.Repeat("é", 128)} {
		if Storable("cus_1", s) || Storable(s, "cus_1") {
			t.Errorf("%.20q is storable", s)
		}
	}
}
