package look

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast computes the contrast of every text colour on every background that it stands on, as
// WCAG 2.1 defines it (1.4.3: at least 4.5 to 1).
func TestContrast(t *testing.T) {
	t.Parallel()
	light, dark, found := strings.Cut(Style, "prefers-color-scheme: dark")
	if !found {
		t.Fatal("the style sheet has no dark mode")
	}
	dark, _, _ = strings.Cut(dark, "/* Text */")
	on := map[string][]string{
		"ink":        {"back", "card", "accent-back"},
		"soft":       {"back", "card", "accent-back"},
		"accent":     {"back", "card", "accent-back"},
		"accent-ink": {"accent"},
		"bad":        {"card", "back", "bad-back"},
		"good":       {"card", "back", "good-back"},
		"warn":       {"card", "back", "warn-back"},
	}
	for mode, css := range map[string]string{"light": light, "dark": dark} {
		colours := tokens(t, css)
		for text, backs := range on {
			for _, back := range backs {
				if got := contrast(colours[text], colours[back]); got < 4.5 {
					t.Errorf("%s: --%s on --%s has a contrast of %.2f, want 4.5", mode, text, back, got)
				}
			}
		}
	}
}

// tokens returns the luminance of each colour that a style sheet defines.
func tokens(t *testing.T, css string) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6})\b`).FindAllStringSubmatch(css, -1) {
		hex := m[2]
		if len(hex) == 3 {
			hex = fmt.Sprintf("%c%c%c%c%c%c", hex[0], hex[0], hex[1], hex[1], hex[2], hex[2])
		}
		value, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		found[m[1]] = 0.2126*linear(value>>16) + 0.7152*linear(value>>8&255) + 0.0722*linear(value&255)
	}
	if len(found) < 12 {
		t.Fatalf("found %d colours, want all tokens", len(found))
	}
	return found
}

func linear(channel uint64) float64 {
	c := float64(channel) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func contrast(a, b float64) float64 { return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05) }
