package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// Links tells the controls about the programs around the simulator, so that its
// pages can name them and link to them. Every field is optional.
type Links struct {
	App      string // base URL of the app that sells
	AppName  string // default "App"
	AppAgent string // how the User-Agent of the app's own API calls starts
	// Service is the name of the program that calls the APIs and gets the webhooks;
	// default "App".
	Service string
	Console string // base URL of Lockstep's console, with /console
	Mail    string // URL of the page that shows sent e-mails
}

// Tour is the guided tour at /_sim/tour, through Links.App, Links.Console and
// the simulator.
type Tour struct {
	// GapScan is how often the service looks for events that no webhook brought.
	GapScan time.Duration
}

func (l Links) withDefaults() Links {
	l.AppName = cmp.Or(l.AppName, "App")
	l.Service = cmp.Or(l.Service, "App")
	l.App, l.Console = strings.TrimSuffix(l.App, "/"), strings.TrimSuffix(l.Console, "/")
	return l
}

// validate refuses links that are not of the web, such as javascript:.
func (l Links) validate() []error {
	var problems []error
	for name, text := range map[string]string{"app": l.App, "console": l.Console, "mail": l.Mail} {
		if text == "" {
			continue
		}
		if parsed, err := url.Parse(text); err != nil || parsed.Host == "" || !strings.HasPrefix(parsed.Scheme, "http") {
			problems = append(problems, fmt.Errorf("links.%s: %q is not an http URL", name, text))
		}
	}
	return problems
}

func (c Config) checkTour() error {
	if c.Tour != nil && c.Links.App == "" {
		return errors.New("tour: it needs links.app")
	}
	return nil
}

// menu lists the pages of the controls. current is the path of the one shown.
func (s *Simulator) menu(current string) []page.MenuItem {
	var items []page.MenuItem
	add := func(href, text string) {
		items = append(items, page.MenuItem{Href: href, Text: text, Current: href == current})
	}
	if s.config.Tour != nil {
		add(tourPath, "Tour")
	}
	add(controlsPath, "Controls")
	add(sequencePath, "Sequence")
	add(objectsPath, "Objects")
	links := s.config.Links
	for _, outside := range []page.MenuItem{{Href: links.App, Text: links.AppName}, {Href: links.Console, Text: "Console"},
		{Href: links.Mail, Text: "E-mails"}} {
		if outside.Href != "" {
			outside.Outside = true
			items = append(items, outside)
		}
	}
	return items
}

// frame is the frame of a page of the controls. current is the path in the menu.
func (s *Simulator) frame(title, current string) page.Frame {
	return page.Frame{Title: title, Wide: true, Menu: s.menu(current), Script: scriptPath}
}
