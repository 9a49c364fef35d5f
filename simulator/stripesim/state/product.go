package state

import "time"

// Feature is an entitlement feature.
type Feature struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	LookupKey string            `json:"lookup_key"`
	Active    bool              `json:"active"`
	Metadata  map[string]string `json:"metadata"`
}

// Key is the id.
func (f *Feature) Key() string { return f.ID }

// ProductFeature attaches a feature to a product.
type ProductFeature struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	Feature string `json:"feature"`
}

// Key is the id.
func (f *ProductFeature) Key() string { return f.ID }

// Entitlement is a feature that a customer has now.
type Entitlement struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Feature  string `json:"feature"`
}

// Key is the id.
func (e *Entitlement) Key() string { return e.ID }

// Owner is the customer.
func (e *Entitlement) Owner() string { return e.Customer }

// Product is something for sale. A deleted one is kept for what was sold.
type Product struct {
	ID                  string            `json:"id"`
	Created             time.Time         `json:"created"`
	Updated             time.Time         `json:"updated"`
	Name                string            `json:"name"`
	Description         string            `json:"description"`
	Active              bool              `json:"active"`
	Metadata            map[string]string `json:"metadata"`
	DefaultPrice        string            `json:"default_price"`
	Images              []string          `json:"images"`
	MarketingFeatures   []string          `json:"marketing_features"`
	Shippable           string            `json:"shippable"` // true, false, or "" for null
	StatementDescriptor string            `json:"statement_descriptor"`
	TaxCode             string            `json:"tax_code"` // only shown: taxes are not simulated
	UnitLabel           string            `json:"unit_label"`
	URL                 string            `json:"url"`
	Deleted             bool              `json:"deleted"`
}

// Key is the id.
func (p *Product) Key() string { return p.ID }

// TaxRate can be created, changed and listed, but not applied: taxes are not
// simulated, so every tax_rates parameter is refused.
type TaxRate struct {
	ID           string            `json:"id"`
	Created      time.Time         `json:"created"`
	DisplayName  string            `json:"display_name"`
	Description  string            `json:"description"`
	Percentage   float64           `json:"percentage"`
	Inclusive    bool              `json:"inclusive"`
	Active       bool              `json:"active"`
	Country      string            `json:"country"`
	State        string            `json:"state"`
	Jurisdiction string            `json:"jurisdiction"`
	TaxType      string            `json:"tax_type"`
	Metadata     map[string]string `json:"metadata"`
}

// Key is the id.
func (t *TaxRate) Key() string { return t.ID }
