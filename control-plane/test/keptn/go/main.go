// The clients that Keptn's own programs are made of, used against Slipway: see ../clients.test.ts.
//
//	go run . service TASK...   a task service on Keptn's SDK, over NATS or remote by its environment
//	go run . api URL TOKEN     one call of each API client; prints what they read as JSON
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/keptn/go-utils/pkg/api/models"
	v1 "github.com/keptn/go-utils/pkg/api/utils"
	v2 "github.com/keptn/go-utils/pkg/api/utils/v2"
	keptnv2 "github.com/keptn/go-utils/pkg/lib/v0_2_0"
	"github.com/keptn/go-utils/pkg/sdk"
)

type echo struct{}

// Execute answers with what it was asked, and with a file where the event names one.
func (echo) Execute(keptn sdk.IKeptn, event sdk.KeptnEvent) (interface{}, *sdk.Error) {
	data := map[string]interface{}{}
	if err := keptnv2.EventDataAs(models.KeptnContextExtendedCE(event), &data); err != nil {
		return nil, &sdk.Error{Err: err, StatusType: "errored", ResultType: "fail", Message: "no data"}
	}
	if name, ok := data["file"].(string); ok && name != "" {
		scope := v1.NewResourceScope()
		scope.Project(data["project"].(string)).Stage(data["stage"].(string)).Service(data["service"].(string)).Resource(name)
		file, err := keptn.GetResourceHandler().GetResource(*scope)
		if err != nil {
			return nil, &sdk.Error{Err: err, StatusType: "errored", ResultType: "fail", Message: err.Error()}
		}
		data["read"] = file.ResourceContent
	}
	data["echoed"] = true
	data["result"] = "pass"
	data["status"] = "succeeded"
	return data, nil
}

func service(tasks []string) {
	var options []sdk.KeptnOption
	for _, task := range tasks {
		options = append(options, sdk.WithTaskHandler("sh.keptn.event."+task+".triggered", echo{}))
	}
	if err := sdk.NewKeptn("go-sdk-service", options...).Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const shipyard = `apiVersion: "spec.keptn.sh/0.2.3"
kind: "Shipyard"
metadata: {name: "by-clients"}
spec:
  stages:
    - name: "dev"
      sequences:
        - name: "delivery"
          tasks: [{name: "deployment"}]
`

func api(url, token string) error {
	ctx := context.Background()
	set, err := v2.New(url, v2.WithAuthToken(token))
	if err != nil {
		return err
	}
	read := map[string]interface{}{}
	fail := func(step string, problem *models.Error) error {
		if problem == nil {
			return nil
		}
		return fmt.Errorf("%s: %d %s", step, problem.Code, *problem.Message)
	}
	_, problem := set.Auth().Authenticate(ctx, v2.AuthAuthenticateOptions{})
	if err := fail("auth", problem); err != nil {
		return err
	}
	metadata, problem := set.API().GetMetadata(ctx, v2.APIGetMetadataOptions{})
	if err := fail("metadata", problem); err != nil {
		return err
	}
	read["keptnversion"] = metadata.Keptnversion
	name, text := "clients", base64.StdEncoding.EncodeToString([]byte(shipyard))
	_, problem = set.API().CreateProject(ctx, models.CreateProject{Name: &name, Shipyard: &text}, v2.APICreateProjectOptions{})
	if err := fail("create project", problem); err != nil {
		return err
	}
	_, problem = set.API().CreateProject(ctx, models.CreateProject{Name: &name, Shipyard: &text}, v2.APICreateProjectOptions{})
	if problem == nil {
		return fmt.Errorf("a project was created twice")
	}
	read["twice"] = *problem.Message
	web := "web"
	_, problem = set.API().CreateService(ctx, name, models.CreateService{ServiceName: &web}, v2.APICreateServiceOptions{})
	if err := fail("create service", problem); err != nil {
		return err
	}
	projects, err := set.Projects().GetAllProjects(ctx, v2.ProjectsGetAllProjectsOptions{})
	if err != nil {
		return fmt.Errorf("projects: %w", err)
	}
	read["projects"] = len(projects)
	stages, err := set.Stages().GetAllStages(ctx, name, v2.StagesGetAllStagesOptions{})
	if err != nil {
		return fmt.Errorf("stages: %w", err)
	}
	read["stage"] = stages[0].StageName
	services, err := set.Services().GetAllServices(ctx, name, "dev", v2.ServicesGetAllServicesOptions{})
	if err != nil {
		return fmt.Errorf("services: %w", err)
	}
	read["service"] = services[0].ServiceName

	uri := "helm/values.yaml"
	first := base64.StdEncoding.EncodeToString([]byte("replicas: 1\n"))
	scope := *v2.NewResourceScope().Project(name).Stage("dev").Service(web)
	version, err := set.Resources().CreateResource(ctx, []*models.Resource{{ResourceURI: &uri, ResourceContent: first}}, scope, v2.ResourcesCreateResourceOptions{})
	if err != nil {
		return fmt.Errorf("create resource: %w", err)
	}
	one := *v2.NewResourceScope().Project(name).Stage("dev").Service(web).Resource("helm%2Fvalues.yaml")
	if _, err = set.Resources().UpdateResource(ctx, &models.Resource{ResourceURI: &uri, ResourceContent: base64.StdEncoding.EncodeToString([]byte("replicas: 2\n"))}, one, v2.ResourcesUpdateResourceOptions{}); err != nil {
		return fmt.Errorf("update resource: %w", err)
	}
	newest, err := set.Resources().GetResource(ctx, one, v2.ResourcesGetResourceOptions{})
	if err != nil {
		return fmt.Errorf("get resource: %w", err)
	}
	read["newest"] = newest.ResourceContent
	old, err := set.Resources().GetResource(ctx, one, v2.ResourcesGetResourceOptions{URIOptions: []v2.URIOption{v2.AppendQuery(map[string][]string{"gitCommitID": {version}})}})
	if err != nil {
		return fmt.Errorf("get resource at a commit: %w", err)
	}
	read["old"] = old.ResourceContent
	missing := *v2.NewResourceScope().Project(name).Stage("dev").Service(web).Resource("nothing.yaml")
	if _, err = set.Resources().GetResource(ctx, missing, v2.ResourcesGetResourceOptions{}); err == nil {
		return fmt.Errorf("a missing resource was read")
	}
	read["missing"] = err.Error()
	files, err := set.Resources().GetAllServiceResources(ctx, name, "dev", web, v2.ResourcesGetAllServiceResourcesOptions{})
	if err != nil {
		return fmt.Errorf("list resources: %w", err)
	}
	read["files"] = len(files)

	kind, source := "sh.keptn.event.dev.delivery.triggered", "clients"
	sent, problem := set.API().SendEvent(ctx, models.KeptnContextExtendedCE{Type: &kind, Source: &source, Specversion: "1.0", Contenttype: "application/json",
		Data: map[string]interface{}{"project": name, "stage": "dev", "service": web}}, v2.APISendEventOptions{})
	if err := fail("send event", problem); err != nil {
		return err
	}
	var open []*models.KeptnContextExtendedCE
	for until := time.Now().Add(30 * time.Second); len(open) == 0 && time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		open, err = set.ShipyardControl().GetOpenTriggeredEvents(ctx, v2.EventFilter{Project: name, EventType: "sh.keptn.event.deployment.triggered"}, v2.ShipyardControlGetOpenTriggeredEventsOptions{})
		if err != nil {
			return fmt.Errorf("open events: %w", err)
		}
	}
	if len(open) != 1 || open[0].Shkeptncontext != *sent.KeptnContext {
		return fmt.Errorf("the open event is not the one of %s: %d", *sent.KeptnContext, len(open))
	}
	events, problem := set.Events().GetEvents(ctx, &v2.EventFilter{Project: name, KeptnContext: *sent.KeptnContext}, v2.EventsGetEventsOptions{})
	if err := fail("events", problem); err != nil {
		return err
	}
	read["events"] = len(events) > 0
	if err := set.Sequences().ControlSequence(ctx, v2.SequenceControlParams{Project: name, KeptnContext: *sent.KeptnContext, State: "abort"}, v2.SequencesControlSequenceOptions{}); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	id, err := set.Uniform().RegisterIntegration(ctx, models.Integration{Name: "by-clients", MetaData: models.MetaData{Hostname: "here", KubernetesMetaData: models.KubernetesMetaData{Namespace: "keptn"}},
		Subscriptions: []models.EventSubscription{{Event: "sh.keptn.event.x.triggered"}}}, v2.UniformRegisterIntegrationOptions{})
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	if _, err = set.Uniform().CreateSubscription(ctx, id, models.EventSubscription{Event: "sh.keptn.event.y.triggered"}, v2.UniformCreateSubscriptionOptions{}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	pinged, err := set.Uniform().Ping(ctx, id, v2.UniformPingOptions{})
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	read["subscriptions"] = len(pinged.Subscriptions)
	set.Logs().Log([]models.LogEntry{{IntegrationID: id, Message: "it failed"}}, v2.LogsLogOptions{})
	if err = set.Logs().Flush(ctx, v2.LogsFlushOptions{}); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	logs, err := set.Logs().GetLogs(ctx, models.GetLogsParams{LogFilter: models.LogFilter{IntegrationID: id}}, v2.LogsGetLogsOptions{})
	if err != nil {
		return fmt.Errorf("logs: %w", err)
	}
	read["log"] = logs.Logs[0].Message
	if err = set.Uniform().UnregisterIntegration(ctx, id, v2.UniformUnregisterIntegrationOptions{}); err != nil {
		return fmt.Errorf("unregister: %w", err)
	}
	if _, problem = set.API().DeleteProject(ctx, models.Project{ProjectName: name}, v2.APIDeleteProjectOptions{}); problem != nil {
		return fail("delete project", problem)
	}
	return json.NewEncoder(os.Stdout).Encode(read)
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "service" {
		service(os.Args[2:])
		return
	}
	if err := api(os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
