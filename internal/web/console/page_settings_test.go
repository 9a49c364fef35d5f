package console_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// set is a configuration with a value from each source.
func set(c *server.Config) {
	c.Settings = []lockstep.Setting{
		{Name: "listen", Value: "127.0.0.1:8080", Source: lockstep.FromDefault, Doc: "Where it listens."},
		{Section: "mail", Name: "mail.app", Value: evil, Source: lockstep.FromFile, From: "lockstep.toml" + evil,
			Doc: "The name " + evil},
		{Section: "mail", Name: "SMTP_PASSWORD", Value: "…1234abcd", Source: lockstep.FromEnvironment, From: "SMTP_PASSWORD",
			Secret: true},
		{Section: "retention", Name: "retention.ids", Value: "720h", Source: lockstep.FromFlag, From: "--retention-ids"},
		{Section: "retention", Name: "OTHER_SECRET", Source: lockstep.FromDefault, Secret: true},
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	anna := start(t, set).signIn(lockstep.ConsoleOperator)
	got := anna.open("/console/settings")
	got.has(t, "General", "Mail", "Retention", "…1234abcd", "fingerprint", "environment SMTP_PASSWORD", "flag --retention-ids",
		"file lockstep.toml&lt;img", "default", "not set", "&lt;img src=x", "Build", "Stripe", "Clerk", "Backfill", "API keys",
		"environment")
	got.readOnly(t)
	for query, names := range map[string][]string{"q=LISTEN": {"listen"}, "q=mail": {"mail.app", "SMTP_PASSWORD"},
		"source=default": {"listen", "OTHER_SECRET"}, "source=set": {"mail.app", "SMTP_PASSWORD", "retention.ids"},
		"q=retention&source=flag": {"retention.ids"}, "q=nothing": nil} {
		got := anna.open("/console/settings?" + query)
		got.has(t)
		for _, name := range []string{"listen", "mail.app", "SMTP_PASSWORD", "retention.ids", "OTHER_SECRET"} {
			want := false
			for _, n := range names {
				want = want || n == name
			}
			if strings.Contains(got.body, "<code>"+name+"</code>") != want {
				t.Errorf("%s shows %s: %t, want %t", query, name, !want, want)
			}
		}
		if names == nil && !strings.Contains(got.body, "No setting matches") {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	anna.open("/console/settings?" + form("q", `"><script>alert(1)</script>`).Encode()).has(t)
}

// The checks run only when somebody asks, and problems come first.
func TestDoctor(t *testing.T) {
	t.Parallel()
	k := start(t)
	anna := k.signIn(lockstep.ConsoleViewer)
	before := len(k.sim.History())
	anna.open("/console/doctor").has(t, "Run the checks")
	got := anna.open("/console/doctor?run=1")
	got.has(t, "Run again", "passed</summary>")
	if len(k.sim.History()) == before {
		t.Error("the doctor asked no provider")
	}
	for _, order := range [][2]string{{"<h2>Problems", "<h2>Warnings"}, {"<h2>Warnings", "<details"}} {
		first, second := strings.Index(got.body, order[0]), strings.Index(got.body, order[1])
		if first >= 0 && second >= 0 && first > second {
			t.Errorf("%s comes after %s", order[0], order[1])
		}
	}
}

// The audit log is in words, can be filtered, and has permalinks and pages.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	k := start(t)
	anna := k.signIn(lockstep.ConsoleOperator)
	ada := k.ada()
	anna.confirms(t, "sync", []string{"account", ada.String()}, "reads "+ada.String())
	got := anna.open("/console/audit")
	got.has(t, "Synced an account", "Signed in to the console", "Created a link to the console", "<dt>Role</dt><dd>operator</dd>",
		"<dt>Request</dt>")
	if strings.Contains(got.body, `{&#34;`) || strings.Contains(got.body, "{\"") {
		t.Errorf("the page shows JSON: %s", got.body)
	}
	anna.open("/console/audit?account="+ada.String()).has(t, "Synced an account")
	if got := anna.open("/console/audit?account=" + ada.String()); strings.Contains(got.body, "Created a link") {
		t.Errorf("another account's entry: %s", got.body)
	}
	anna.open("/console/audit?since=2020-01-01").has(t, "Synced an account")
	anna.open("/console/audit?since=2199-01-01").has(t, "No operator has done anything that matches")
	for _, wrong := range []string{"since=yesterday", "account=nobody"} {
		anna.open("/console/audit?"+wrong).has(t, `role="alert"`)
	}
	link := permalink.FindStringSubmatch(got.body)
	if link == nil {
		t.Fatalf("no permalink: %s", got.body)
	}
	anna.open("/console/audit?before="+link[1]).has(t, `id="entry-`+link[2]+`"`)
	for range 60 {
		k.link(lockstep.ConsoleViewer)
	}
	seen := map[string]bool{}
	pages := 0
	for next := "/console/audit"; next != ""; pages++ {
		page := anna.open(next)
		for _, id := range entryID.FindAllString(page.body, -1) {
			if seen[id] {
				t.Errorf("%s is on two pages", id)
			}
			seen[id] = true
		}
		next = ""
		if found := olderLink.FindStringSubmatch(page.body); found != nil {
			next = strings.ReplaceAll(found[1], "&amp;", "&")
		}
	}
	if pages < 2 || len(seen) < 60 {
		t.Errorf("%d pages with %d entries", pages, len(seen))
	}
}

var (
	permalink = regexp.MustCompile(`/console/audit\?before=(\d+)#entry-(\d+)`)
	entryID   = regexp.MustCompile(`id="entry-\d+"`)
	olderLink = regexp.MustCompile(`href="([^"]+)" rel="next"`)
)
