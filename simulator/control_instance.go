package simulator

import "net/http"

// getInstance lists the Clerk instances.
func (s *Simulator) getInstance(w http.ResponseWriter, _ *http.Request) {
	all := s.ClerkInstances()
	writeJSON(w, map[string]any{"id": all[0], "instances": all})
}

// postInstance takes {"key": …, "metadata": bool, "announce": bool}, all optional,
// and moves all users to a new Clerk instance. With {"id": "ins_…"} it returns to
// a former one.
func (s *Simulator) postInstance(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		ID       string `json:"id"`
		Key      string `json:"key"`
		Metadata bool   `json:"metadata"`
		Announce bool   `json:"announce"`
	}
	if !readControl(w, r, &wanted) {
		return
	}
	if wanted.ID != "" {
		if err := s.UseClerkInstance(wanted.ID); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.getInstance(w, r)
		return
	}
	moved, err := s.MoveClerkInstance(ClerkMove{Key: wanted.Key, Metadata: wanted.Metadata, Announce: wanted.Announce})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, moved)
}
