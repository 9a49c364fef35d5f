package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// The charts show what the database keeps, as images and as numbers.
func TestCharts(t *testing.T) {
	t.Parallel()
	k := start(t)
	err := k.store.AddStatistics(t.Context(), lockstep.StatisticsMinute{At: time.Now().Add(-5 * time.Minute),
		Cells: []lockstep.StatisticsCell{{Metric: "deliveries.stored", Count: 1234}, {Metric: "deliveries.refused", Count: 2},
			{Metric: "deliveries.not_stored", Count: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	anna := k.signIn(lockstep.ConsoleViewer)
	for _, span := range []string{"1h", "24h", "30d"} {
		got := anna.open("/console/charts/deliveries?span=" + span)
		if got.status != http.StatusOK || !strings.Contains(got.body, `<td class="number">1,234</td><td class="number">5</td>`) {
			t.Errorf("%s: %d, the numbers are missing: %s", span, got.status, got.body)
		}
		for _, theme := range []string{"light", "dark", "light-narrow", "dark-narrow"} {
			got := anna.open("/console/charts/deliveries/" + theme + ".svg?span=" + span)
			if got.status != http.StatusOK || got.header.Get("Content-Type") != "image/svg+xml" ||
				!strings.Contains(got.body, "stored") || !strings.Contains(got.body, ">1500<") ||
				!strings.HasPrefix(got.header.Get("Cache-Control"), "private") {
				t.Errorf("%s of %s: %d %v %s", theme, span, got.status, got.header, got.body)
			}
		}
		if got := anna.open("/console?span=" + span); !strings.Contains(got.body, "light.svg?minute=") ||
			!strings.Contains(got.body, "span="+span+`"`) {
			t.Errorf("the overview lacks the charts of %s: %s", span, got.body)
		}
	}
	for path, status := range map[string]int{"/console/charts/none": 404, "/console/charts/lag?span=1y": 422,
		"/console/charts/lag/blue.svg": 404, "/console/charts/lag/light.png": 404, "/console/charts/none/light.svg": 404} {
		if got := anna.open(path); got.status != status {
			t.Errorf("%s: %d, want %d", path, got.status, status)
		}
	}
	if got := k.visitor().open("/console/charts/lag/light.svg"); !strings.Contains(got.url, "sign-in") {
		t.Errorf("without a session: %d", got.status)
	}
}
