package simharness

import (
	"net/http"
	"slices"
	"testing"
)

func TestMistakesAreMadeAtEachLevel(t *testing.T) {
	t.Parallel()
	got := mistakes(&http.Request{Method: http.MethodPost},
		"a=1&b[c]=2&items[0][price]=3&items[0][recurring][interval]=day&expand[]=x&metadata[k]=v&subscription_data[metadata][k]=v")
	want := []string{mistake, "b[" + mistake + "]", "items[0][" + mistake + "]", "items[0][recurring][" + mistake + "]",
		"subscription_data[" + mistake + "]"}
	if !slices.Equal(got, want) {
		t.Errorf("mistakes %q, want %q", got, want)
	}
}
