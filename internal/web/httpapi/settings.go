package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (a *API) settingRoutes(api huma.API) {
	add(section{api, "Operating", a}, route{"list-settings", http.MethodGet, "/v1/settings", readers, 0,
		"List the effective configuration of this process, and where each value came from"}, a.settings)
}

type settingView struct {
	Section string `json:"section" doc:"As in docs/configuration.md"`
	Name    string `json:"name" doc:"The key in lockstep.toml; for what only the environment sets, the variable"`
	Value   string `json:"value" doc:"Without credentials; of a secret its fingerprint, or empty if it is not set"`
	Source  string `json:"source" enum:"flag,environment,file,default,program"`
	From    string `json:"from,omitempty" doc:"The flag, the variable or the file that set it"`
	Doc     string `json:"doc,omitempty" doc:"What it means"`
	Secret  bool   `json:"secret,omitempty" doc:"The value is a fingerprint: the known prefix, and 8 digits of a SHA-256"`
}

type settingsOutput struct {
	Body struct {
		Data []settingView `json:"data"`
	}
}

func (a *API) settings(context.Context, *struct{}) (*settingsOutput, error) {
	out := &settingsOutput{}
	out.Body.Data = []settingView{}
	for _, s := range a.Operations.Settings {
		out.Body.Data = append(out.Body.Data, settingView{s.Section, s.Name, s.Value, string(s.Source), s.From, s.Doc,
			s.Secret})
	}
	return out, nil
}
