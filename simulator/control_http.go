package simulator

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/page"
)

// withControls serves /_sim beside a provider. The history leaves out control
// requests.
func (s *Simulator) withControls(side http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_sim" || strings.HasPrefix(r.URL.Path, "/_sim/") {
			s.control.ServeHTTP(w, r)
			return
		}
		side.ServeHTTP(w, r)
	})
}

// controls serve the person at this machine, without authentication. Two checks
// keep other web sites out: the host name must be this machine's, so DNS rebinding
// fails, and forms of other sites are refused.
func (s *Simulator) controls() http.Handler {
	mux := http.NewServeMux()
	s.pageRoutes(mux)
	s.formRoutes(mux)
	mux.HandleFunc("POST /_sim/advance", s.postAdvance)
	mux.HandleFunc("GET /_sim/history", s.getHistory)
	mux.HandleFunc("GET /_sim/state", s.getState)
	mux.HandleFunc("POST /_sim/state", s.postState)
	mux.HandleFunc("GET /_sim/faults", s.getFaults)
	mux.HandleFunc("POST /_sim/faults", s.postFault)
	mux.HandleFunc("DELETE /_sim/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /_sim/faults/{id}", s.deleteFault)
	mux.HandleFunc("POST /_sim/delivery", s.postDelivery)
	mux.HandleFunc("POST /_sim/resend", s.postResend)
	mux.HandleFunc("POST /_sim/roll", s.postRoll)
	mux.HandleFunc("POST /_sim/portal", s.postPortal)
	mux.HandleFunc("GET /_sim/instance", s.getInstance)
	mux.HandleFunc("POST /_sim/instance", s.postInstance)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(MarkHeader, "control")
		if !s.knownHost(r.Host) {
			http.Error(w, "the controls answer only under a host name of this machine, such as localhost", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, largestOf(r))
		guarded.ServeHTTP(w, r)
	})
}

func (s *Simulator) knownHost(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	if page.Loopback(host) {
		return true
	}
	for _, own := range []string{s.config.StripeURL, s.config.ClerkURL} {
		if parsed, err := url.Parse(own); err == nil && parsed.Hostname() == host {
			return true
		}
	}
	return false
}

// postAdvance takes {"seconds": n} or the page's form. The body decides which one
// it is, because curl -d sends JSON with the content type of a form.
func (s *Simulator) postAdvance(w http.ResponseWriter, r *http.Request) {
	given, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cannot read the body: "+err.Error(), http.StatusBadRequest)
		return
	}
	var seconds float64
	form, notForm := url.ParseQuery(string(given))
	fromPage := notForm == nil && (form.Has("seconds") || form.Has("amount"))
	if fromPage {
		seconds, err = advanceOf(form)
	} else {
		var body struct {
			Seconds float64 `json:"seconds"`
		}
		err = json.Unmarshal(given, &body)
		seconds = body.Seconds
	}
	const tenYears = 10 * 366 * 24 * 3600
	if err != nil || !(seconds >= 0 && seconds <= tenYears) { // not a number fails both
		const problem = "seconds must be a number between 0 and ten years"
		if fromPage {
			s.refuse(w, r, "The clock cannot advance by that: "+problem)
			return
		}
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	s.Advance(time.Duration(seconds * float64(time.Second)))
	if fromPage {
		http.Redirect(w, r, back(form), http.StatusSeeOther)
		return
	}
	writeJSON(w, map[string]any{"now": s.Now()})
}

// largestOf is the limit on a control's body, in bytes. A saved state can be huge.
func largestOf(r *http.Request) int64 {
	if r.URL.Path == "/_sim/state" {
		return 4 << 30
	}
	return 1 << 20
}

// getHistory writes the history as JSON lines: all of it, or the entries that
// contain the text q.
func (s *Simulator) getHistory(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	text := r.URL.Query().Get("q")
	if text == "" {
		_, _ = s.history.WriteTo(w) // fails only if the client has gone
		return
	}
	encoder := json.NewEncoder(w)
	for _, entry := range s.history.Entries() {
		if entry.Contains(text) {
			_ = encoder.Encode(entry)
		}
	}
}

// postState loads a state that getState wrote.
func (s *Simulator) postState(w http.ResponseWriter, r *http.Request) {
	if err := s.Load(r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// postResend takes {"event": "evt_…", "endpoint": id or URL}.
func (s *Simulator) postResend(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Event    string `json:"event"`
		Endpoint string `json:"endpoint"`
	}
	if !readControl(w, r, &wanted) {
		return
	}
	if err := s.ResendEvent(wanted.Event, wanted.Endpoint); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// postRoll takes {"endpoint": id or URL, "overlap_seconds": n} and answers with
// the new secret.
func (s *Simulator) postRoll(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Endpoint string  `json:"endpoint"`
		Overlap  float64 `json:"overlap_seconds"`
	}
	if !readControl(w, r, &wanted) {
		return
	}
	secret, err := s.RollStripeSecret(wanted.Endpoint, time.Duration(wanted.Overlap*float64(time.Second)))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, map[string]any{"secret": secret})
}

// postPortal saves the portal's settings. The page's button returns to the page.
func (s *Simulator) postPortal(w http.ResponseWriter, r *http.Request) {
	s.SavePortalSettings()
	if r.PostFormValue("page") != "" {
		http.Redirect(w, r, controlsPath, http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readControl decodes a control's JSON. It refuses unknown names, which are
// usually misspelled.
func readControl(w http.ResponseWriter, r *http.Request, to any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		http.Error(w, "invalid request body: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// getState writes what Save writes, including secrets.
func (s *Simulator) getState(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = s.Save(w) // fails only if the client has gone
}

func (s *Simulator) getFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{"faults": s.faults.Active()})
}

func (s *Simulator) postFault(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	if !readControl(w, r, &fault) {
		return
	}
	writeJSON(w, map[string]any{"id": s.AddFault(fault)})
}

// deleteFault ends one fault.
func (s *Simulator) deleteFault(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !s.faults.Remove(id) {
		http.Error(w, "no active fault has the id "+r.PathValue("id")+"; GET /_sim/faults lists them", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Simulator) postDelivery(w http.ResponseWriter, r *http.Request) {
	var policy DeliveryPolicy
	if !readControl(w, r, &policy) {
		return
	}
	if err := policy.Validate(); err != nil {
		http.Error(w, "invalid delivery policy: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.SetDelivery(policy)
	writeJSON(w, policy)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // fails only if the client has gone
}
