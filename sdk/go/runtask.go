package slipway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// RunOptions set what the context of RunTask shows.
type RunOptions struct {
	// Project defaults to default, Stage to dev.
	Project, Stage, Service string
	Labels                  map[string]string
	// Data has the outputs of the tasks before this one, and the trigger's data.
	Data map[string]any
	// Attempt counts from 1.
	Attempt     int
	Traceparent string
	Log         *slog.Logger
}

// TaskRun is how a task ended.
type TaskRun struct {
	Status   Status
	Result   Result
	Message  string
	Output   map[string]any
	Error    *TaskError
	Labels   map[string]string
	Progress []Progress
}

// RunTask runs a task once, as a service would, without any server: for unit tests. Cancelling the context cancels the attempt. The
// error says that the input is no JSON; how the task ended is in TaskRun.
func RunTask(ctx context.Context, task *Task, input any, options ...RunOptions) (TaskRun, error) {
	o := RunOptions{}
	if len(options) > 0 {
		o = options[0]
	}
	data := map[string]any{}
	for name, value := range o.Data {
		data[name] = value
	}
	data["project"], data["stage"] = or(o.Project, "default"), or(o.Stage, "dev")
	if o.Service != "" {
		data["service"] = o.Service
	}
	if o.Labels != nil {
		data["labels"] = o.Labels
	}
	data[task.name] = input
	event := CloudEvent{
		"specversion": "1.0", "id": fmt.Sprintf("test-run.%s.%d", task.name, max(1, o.Attempt)), "source": "slipway",
		"type": task.name + ".triggered", "subject": "test-run", "correlationid": "test-context", "data": data,
	}
	if o.Traceparent != "" {
		event["traceparent"] = o.Traceparent
	}
	text, err := json.Marshal(event)
	if err != nil {
		return TaskRun{}, fmt.Errorf("the input is no JSON: %w", err)
	}
	var read CloudEvent
	if err := json.Unmarshal(text, &read); err != nil {
		return TaskRun{}, err
	}
	t, _ := readMessage(read)
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	progress := []Progress{}
	own := newTaskContext(ctx, t, log, time.Hour, func(_ *TaskContext, told Progress) { progress = append(progress, told) })
	defer own.cancel(nil)
	end := perform(task, own)
	return TaskRun{end.status, end.result, end.message, end.output, end.err, end.labels, progress}, nil
}
