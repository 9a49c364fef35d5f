package lockstep

import (
	"encoding/json"
	"log/slog"
)

// Secret is a string that prints as ***. Use [Secret.Reveal] to read it.
type Secret string

const masked = "***"

// String masks the secret.
func (Secret) String() string { return masked }

// GoString masks the secret.
func (Secret) GoString() string { return masked }

// LogValue masks the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalJSON masks the secret.
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(masked) }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }
