package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/statistics"
)

// statisticsStore is the part of the store that reads what all processes counted.
type statisticsStore interface {
	StatisticsOf(ctx context.Context, span lockstep.StatisticsSpan) (lockstep.StatisticsReading, error)
}

func (a *API) statisticsRoutes(api huma.API) {
	add(section{api, "Operating", a}, route{"get-statistics", http.MethodGet, "/v1/statistics", readers, 0,
		"Get what all processes counted in the last hour, day or month, as series for charts"}, a.statistics)
}

type statisticsQuery struct {
	Span string `query:"span" enum:"1h,24h,30d" default:"1h" doc:"How far back: points of a minute, of 15 minutes or of 6 hours"`
}

type statisticsOutput struct {
	Body statistics.Table
}

func (a *API) statistics(ctx context.Context, in *statisticsQuery) (*statisticsOutput, error) {
	span := lockstep.StatisticsSpan(in.Span)
	read, err := a.Store.StatisticsOf(ctx, span)
	if err != nil {
		return nil, a.problem(ctx, "read statistics", err)
	}
	return &statisticsOutput{statistics.NewTable(span, read)}, nil
}
