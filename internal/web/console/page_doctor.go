package console

import "github.com/lockstep-dev/lockstep"

var doctorPages = []page{{path: "/doctor", name: "Doctor", title: "Doctor", file: "doctor.html", read: readDoctor}}

// doctorData is the content of the page.
type doctorData struct {
	Ran bool
	lockstep.Diagnosis
}

// Problems, Concerns, Skipped and Passed are the findings by what they ask for.
func (d doctorData) Problems() []lockstep.Finding { return d.of(lockstep.FindingFailure) }
func (d doctorData) Concerns() []lockstep.Finding { return d.of(lockstep.FindingWarning) }
func (d doctorData) Skipped() []lockstep.Finding  { return d.of(lockstep.FindingSkipped) }
func (d doctorData) Passed() []lockstep.Finding   { return d.of(lockstep.FindingOK) }

func (d doctorData) of(level lockstep.FindingLevel) (some []lockstep.Finding) {
	for _, f := range d.Findings {
		if f.Level == level {
			some = append(some, f)
		}
	}
	return some
}

// readDoctor runs the checks only if the person asked: they take seconds, and call the providers.
func readDoctor(v *visit) (any, error) {
	data := doctorData{Ran: v.URL.Query().Get("run") != ""}
	if !data.Ran {
		return &data, nil
	}
	return &data, v.get("/v1/doctor", &data.Diagnosis)
}
