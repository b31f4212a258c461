package slipway

import (
	"context"
	"log/slog"
)

// maskingHandler masks secrets in the lines of a handler.
type maskingHandler struct {
	slog.Handler
	secrets *secrets
}

func (h maskingHandler) Handle(ctx context.Context, record slog.Record) error {
	masked := slog.NewRecord(record.Time, record.Level, h.secrets.text(record.Message), record.PC)
	record.Attrs(func(attr slog.Attr) bool {
		masked.AddAttrs(h.attr(attr))
		return true
	})
	return h.Handler.Handle(ctx, masked)
}

func (h maskingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	masked := make([]slog.Attr, len(attrs))
	for at, attr := range attrs {
		masked[at] = h.attr(attr)
	}
	return maskingHandler{h.Handler.WithAttrs(masked), h.secrets}
}

func (h maskingHandler) WithGroup(name string) slog.Handler {
	return maskingHandler{h.Handler.WithGroup(name), h.secrets}
}

func (h maskingHandler) attr(attr slog.Attr) slog.Attr {
	value := attr.Value.Resolve()
	switch value.Kind() {
	case slog.KindGroup:
		group := make([]any, 0, len(value.Group()))
		for _, one := range value.Group() {
			group = append(group, h.attr(one))
		}
		return slog.Group(attr.Key, group...)
	case slog.KindInt64, slog.KindUint64, slog.KindFloat64, slog.KindBool, slog.KindDuration, slog.KindTime:
		return attr
	default:
		// An error or a struct is masked as the text that a line would show.
		return slog.String(attr.Key, h.secrets.text(value.String()))
	}
}
