package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"slipway.dev/sdk/internal/door"
)

const (
	// Silence after which the connection counts as lost; the server says something each 15 s.
	silence = time.Minute
	// Bytes of one line; more is no event stream.
	lineMax = 16 << 20
)

// StreamItem is one item. Kind is event (Data is an EventView), run (a RunSummary), or what a newer server may say.
type StreamItem struct {
	Kind, ID string
	Data     json.RawMessage
}

// Stream is what happens from now on, or after lastEventID; it goes on where it was when the connection breaks, and ends with the
// context or with the refusal of the server.
func (c *Client) Stream(ctx context.Context, params *StreamParams, lastEventID string) iter.Seq2[StreamItem, error] {
	return func(yield func(StreamItem, error) bool) {
		path, err := pathOf(request{path: "/v1/stream", params: params})
		if err != nil {
			yield(StreamItem{}, err)
			return
		}
		for failures := 0; ctx.Err() == nil; failures++ {
			wasStopped := false
			err := c.connection(ctx, path, lastEventID, func(item StreamItem) bool {
				failures = 0
				if item.ID != "" {
					lastEventID = item.ID
				}
				wasStopped = !yield(item, nil)
				return !wasStopped
			})
			if wasStopped || ctx.Err() != nil {
				return
			}
			var (
				refused *Refusal
				pause   time.Duration
			)
			if errors.As(err, &refused) {
				if !refused.IsTransient() {
					yield(StreamItem{}, err)
					return
				}
				pause = refused.RetryAfter()
			}
			door.Sleep(ctx, door.Backoff(failures, pause))
		}
	}
}

func (c *Client) connection(ctx context.Context, path, lastEventID string, onItem func(StreamItem) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	header := map[string]string{"Accept": "text/event-stream"}
	if lastEventID != "" {
		header["Last-Event-ID"] = lastEventID
	}
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	response, err := c.door.Open(ctx, http.MethodGet, path, "", nil, header)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
		return door.ProblemOf(&door.Answer{Status: response.StatusCode, Header: response.Header, Body: text}, "GET "+path)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(make([]byte, 64<<10), lineMax)
	item, data := StreamItem{}, []string{}
	for lines.Scan() {
		quiet.Reset(silence)
		line := strings.TrimSuffix(lines.Text(), "\r")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && len(data) > 0:
			item.Data = json.RawMessage(strings.Join(data, "\n"))
			if !onItem(item) {
				return nil
			}
			item, data = StreamItem{ID: item.ID}, nil
		case name == "id":
			item.ID = value
		case name == "event":
			item.Kind = value
		case name == "data":
			data = append(data, value)
		}
	}
	return fmt.Errorf("the stream broke: %w", errors.Join(lines.Err(), io.EOF))
}
