package slipway

import (
	"log/slog"
	"os"
	"sort"
	"strings"
	"sync"
)

func defaultLogger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}

const (
	mask      = "***"
	secretMin = 4
)

// secrets keeps values of an attempt out of logs, progress, messages and outputs.
type secrets struct {
	mutex  sync.RWMutex
	values []string
}

func (s *secrets) add(value string) {
	if len(value) < secretMin {
		return // It would mask ordinary words.
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.values = append(s.values, value)
	// The longest first: a secret may contain another one.
	sort.Slice(s.values, func(a, b int) bool { return len(s.values[a]) > len(s.values[b]) })
}

func (s *secrets) text(text string) string {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	for _, value := range s.values {
		text = strings.ReplaceAll(text, value, mask)
	}
	return text
}

// value masks every text in a value of JSON.
func (s *secrets) value(value any) any {
	switch value := value.(type) {
	case string:
		return s.text(value)
	case map[string]any:
		masked := make(map[string]any, len(value))
		for name, item := range value {
			masked[s.text(name)] = s.value(item)
		}
		return masked
	case []any:
		masked := make([]any, len(value))
		for at, item := range value {
			masked[at] = s.value(item)
		}
		return masked
	}
	return value
}

func (s *secrets) isIn(value any) bool {
	switch value := value.(type) {
	case string:
		return s.text(value) != value
	case map[string]any:
		for name, item := range value {
			if s.isIn(name) || s.isIn(item) {
				return true
			}
		}
	case []any:
		for _, item := range value {
			if s.isIn(item) {
				return true
			}
		}
	}
	return false
}
