package lockstep

// Finding is what one check of an installation found.
type Finding struct {
	Check  string       `json:"check" example:"stripe endpoint" doc:"What was checked"`
	Level  FindingLevel `json:"level" enum:"ok,skip,warn,fail"`
	Code   string       `json:"code,omitempty" example:"endpoint_disabled" doc:"Names the problem for programs; absent if there is none. docs/doctor.md lists them"`
	Detail string       `json:"detail" doc:"What is the case, without secrets and personal data"`
	Why    string       `json:"why,omitempty" doc:"Why it matters"`
	Fix    string       `json:"fix,omitempty" doc:"The command or click that fixes it"`
}

// FindingLevel says how serious a finding is.
type FindingLevel string

// The levels.
const (
	FindingOK      FindingLevel = "ok"
	FindingSkipped FindingLevel = "skip" // could not be checked, because another check failed
	FindingWarning FindingLevel = "warn"
	FindingFailure FindingLevel = "fail"
)

// Diagnosis is the result of all checks.
type Diagnosis struct {
	Findings []Finding `json:"findings"`
	Failures int       `json:"failures" doc:"How many findings have the level fail"`
	Warnings int       `json:"warnings" doc:"How many findings have the level warn"`
}

// NewDiagnosis counts findings by their levels.
func NewDiagnosis(findings []Finding) Diagnosis {
	d := Diagnosis{Findings: findings}
	for _, f := range findings {
		switch f.Level {
		case FindingFailure:
			d.Failures++
		case FindingWarning:
			d.Warnings++
		case FindingOK, FindingSkipped:
		}
	}
	return d
}
