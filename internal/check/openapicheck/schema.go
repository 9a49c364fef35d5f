package openapicheck

import (
	"bytes"
	"encoding/json"
)

// schema holds the part of JSON Schema that the two documents use.
type schema struct {
	name string // in the document; empty for a nested schema

	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Nullable   bool               `json:"nullable"`
	Enum       []any              `json:"enum"`
	Pattern    string             `json:"pattern"`
	MaxLength  *int               `json:"maxLength"`
	MinLength  *int               `json:"minLength"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
	MaxItems   *int               `json:"maxItems"`
	MinItems   *int               `json:"minItems"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Additional additional         `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	AnyOf      []*schema          `json:"anyOf"`
	OneOf      []*schema          `json:"oneOf"`
	AllOf      []*schema          `json:"allOf"`
}

// additional is additionalProperties: absent, a boolean, or a schema.
type additional struct {
	given   bool
	allowed bool
	schema  *schema
}

// UnmarshalJSON reads both forms.
func (a *additional) UnmarshalJSON(raw []byte) error {
	a.given = true
	if trimmed := bytes.TrimSpace(raw); bytes.Equal(trimmed, []byte("true")) || bytes.Equal(trimmed, []byte("false")) {
		a.allowed = trimmed[0] == 't'
		return nil
	}
	a.allowed, a.schema = true, &schema{}
	return json.Unmarshal(raw, a.schema)
}
