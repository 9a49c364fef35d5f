package email

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestColorsAreThoseOfThePages: the layout uses only colors of the shared style sheet, so an e-mail looks
// like the page that it leads to, in light and in dark mode.
func TestColorsAreThoseOfThePages(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("../../look/style.css")
	if err != nil {
		t.Fatal(err)
	}
	layout, err := builtIn.ReadFile("templates/layout.html")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(style), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("the style sheet has no dark mode")
	}
	_, inDark, found := strings.Cut(string(layout), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("the layout has no dark mode")
	}
	inDark, body, _ := strings.Cut(inDark, "</style>")
	color := regexp.MustCompile(`#[0-9a-f]{3,6}\b`)
	for part, tokens := range map[string]string{inDark: dark, body: light} {
		for _, c := range color.FindAllString(part, -1) {
			if !strings.Contains(tokens, ": "+c+";") {
				t.Errorf("%s is no color of the style sheet", c)
			}
		}
	}
	if !strings.Contains(light, "--accent: "+DefaultColor+";") {
		t.Errorf("the default color %s is not the accent of the style sheet", DefaultColor)
	}
}
