package email

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"strconv"
)

// DefaultColor is the accent color of e-mails if none is configured: that of our pages.
const DefaultColor = "#3d4fd1"

// Config says whose e-mails these are.
type Config struct {
	App       string // the app's name
	AppURL    string // where its users manage their billing; may be empty
	Color     string // the accent color, as #rrggbb; empty: DefaultColor
	Domain    string // the sender's domain, for Message-IDs
	Templates fs.FS  // the operator's templates; nil: none
}

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (c Config) validate() error {
	if c.Color != "" && !hexColor.MatchString(c.Color) {
		return fmt.Errorf("mail.color: %q is not a color; use six hexadecimal digits, as in %q", c.Color, DefaultColor)
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.Color = cmp.Or(c.Color, DefaultColor)
	return c
}

// textOn returns black or white, whichever is easier to read on a color (WCAG 2.1 contrast).
func textOn(color string) string {
	l := luminance(color)
	if (l+0.05)/0.05 > 1.05/(l+0.05) {
		return "#000000"
	}
	return "#ffffff"
}

// luminance returns the relative luminance of a #rrggbb color, from 0 to 1.
func luminance(color string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		channel, _ := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8) // validated
		v := float64(channel) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
