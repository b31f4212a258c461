"""Made by tools/generate_client.py: a method for each route of the control plane."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from . import models


class Operations(ABC):
    @abstractmethod
    def _ask(
        self,
        method: str,
        path: str,
        *,
        names: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        labels: Mapping[str, str] | None = None,
        body: object = None,
        kind: str = "application/json",
        accept: str = "application/json",
        answers: Sequence[int] = (),
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> Any: ...

    def list_events(
        self,
        *,
        correlationid: str | None = None,
        type: str | None = None,
        source: str | None = None,
        project: str | None = None,
        stage: str | None = None,
        service: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListEventsAnswer:
        """Received and sent events, newest first."""
        answer: models.ListEventsAnswer = self._ask(
            "GET",
            "/v1/events",
            query={
                "correlationid": correlationid,
                "type": type,
                "source": source,
                "project": project,
                "stage": stage,
                "service": service,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def send_events(
        self,
        *,
        body: models.CloudEvent | models.KeptnCloudEvent | Sequence[models.CloudEvent | models.KeptnCloudEvent],
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Waited | models.Accepted:
        """Take an event or a batch; answers when it is durable. `Prefer: wait=SECONDS` waits for the run."""
        answer: models.Waited | models.Accepted = self._ask(
            "POST", "/v1/events", body=body, kind="application/cloudevents+json", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def put_data(
        self, *, body: Any | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.PutDataAnswer:
        """Take the data of an event that is too large to travel, as JSON of at most 8 MB. The event names them by `dataref`."""
        answer: models.PutDataAnswer = self._ask(
            "POST", "/v1/data", body=body, kind="application/json", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def get_data(self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any:
        """What `dataref` of an event names: its data."""
        return self._ask("GET", "/v1/data/{id}", names={"id": id}, headers=headers, timeout_ms=timeout_ms)

    def claim_tasks(
        self,
        *,
        task: str,
        body: models.ClaimRequest,
        wait: str | None = None,
        max: int | None = None,
        lease: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> list[models.CloudEvent | models.KeptnCloudEvent] | None:
        """Claim attempts of a task. A claim is `started`, with a lease; 204 when there was nothing within `wait`."""
        answer: list[models.CloudEvent | models.KeptnCloudEvent] | None = self._ask(
            "POST",
            "/v1/tasks/{task}/claim",
            names={"task": task},
            query={"wait": wait, "max": max, "lease": lease},
            body=body,
            kind="application/json",
            accept="application/cloudevents-batch+json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_event(
        self, *, id: str, source: str | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.EventView:
        """One event by its id."""
        answer: models.EventView = self._ask(
            "GET", "/v1/events/{id}", names={"id": id}, query={"source": source}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def list_projects(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListProjectsAnswer:
        """All projects."""
        answer: models.ListProjectsAnswer = self._ask(
            "GET", "/v1/projects", query={"limit": limit, "cursor": cursor}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def get_project(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Project:
        """One project."""
        answer: models.Project = self._ask(
            "GET", "/v1/projects/{project}", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def put_project(
        self, *, project: str, body: models.ProjectPut, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Project:
        """Create a project or change its settings."""
        answer: models.Project = self._ask(
            "PUT",
            "/v1/projects/{project}",
            names={"project": project},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def delete_project(self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> None:
        """Delete a project that has no open run, with all its runs."""
        answer: None = self._ask(
            "DELETE", "/v1/projects/{project}", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def get_shipyard(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.ShipyardVersion:
        """The shipyard in use."""
        answer: models.ShipyardVersion = self._ask(
            "GET", "/v1/projects/{project}/shipyard", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def put_shipyard(
        self,
        *,
        project: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ShipyardPutAnswer:
        """Upload a shipyard (YAML). 201 with its version, 200 when the meaning did not change, 422 with every problem. Creates the project."""
        answer: models.ShipyardPutAnswer = self._ask(
            "PUT",
            "/v1/projects/{project}/shipyard",
            names={"project": project},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_shipyards(
        self,
        *,
        project: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListShipyardsAnswer:
        """All versions, newest first."""
        answer: models.ListShipyardsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/shipyards",
            names={"project": project},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_shipyard_version(
        self, *, project: str, version: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.ShipyardVersion:
        """One version."""
        answer: models.ShipyardVersion = self._ask(
            "GET",
            "/v1/projects/{project}/shipyards/{version}",
            names={"project": project, "version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_slo(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The slo.yaml of a service in use, or one of its versions."""
        answer: models.Resource = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo",
            names={"project": project, "stage": stage, "service": service},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def put_slo(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the slo.yaml of a service (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = self._ask(
            "PUT",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo",
            names={"project": project, "stage": stage, "service": service},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def delete_slo(
        self, *, project: str, stage: str, service: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the slo.yaml of a service out of use. Its versions stay, for the evaluations that used them."""
        answer: None = self._ask(
            "DELETE",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo",
            names={"project": project, "stage": stage, "service": service},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_slo_versions(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListSloVersionsAnswer:
        """All versions of the slo.yaml of a service, newest first."""
        answer: models.ListSloVersionsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo/versions",
            names={"project": project, "stage": stage, "service": service},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_sli(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The sli.yaml of a service in use, or one of its versions."""
        answer: models.Resource = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli",
            names={"project": project, "stage": stage, "service": service},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def put_sli(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the sli.yaml of a service (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = self._ask(
            "PUT",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli",
            names={"project": project, "stage": stage, "service": service},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def delete_sli(
        self, *, project: str, stage: str, service: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the sli.yaml of a service out of use. Its versions stay, for the evaluations that used them."""
        answer: None = self._ask(
            "DELETE",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli",
            names={"project": project, "stage": stage, "service": service},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_sli_versions(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListSliVersionsAnswer:
        """All versions of the sli.yaml of a service, newest first."""
        answer: models.ListSliVersionsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli/versions",
            names={"project": project, "stage": stage, "service": service},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_stage_sli(
        self,
        *,
        project: str,
        stage: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The sli.yaml of a stage in use, or one of its versions."""
        answer: models.Resource = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/sli",
            names={"project": project, "stage": stage},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def put_stage_sli(
        self,
        *,
        project: str,
        stage: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the sli.yaml of a stage (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = self._ask(
            "PUT",
            "/v1/projects/{project}/stages/{stage}/sli",
            names={"project": project, "stage": stage},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def delete_stage_sli(
        self, *, project: str, stage: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the sli.yaml of a stage out of use. Its versions stay, for the evaluations that used them."""
        answer: None = self._ask(
            "DELETE",
            "/v1/projects/{project}/stages/{stage}/sli",
            names={"project": project, "stage": stage},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_stage_sli_versions(
        self,
        *,
        project: str,
        stage: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListStageSliVersionsAnswer:
        """All versions of the sli.yaml of a stage, newest first."""
        answer: models.ListStageSliVersionsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/sli/versions",
            names={"project": project, "stage": stage},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_project_sli(
        self,
        *,
        project: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The sli.yaml of a project in use, or one of its versions."""
        answer: models.Resource = self._ask(
            "GET",
            "/v1/projects/{project}/sli",
            names={"project": project},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def put_project_sli(
        self,
        *,
        project: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the sli.yaml of a project (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = self._ask(
            "PUT",
            "/v1/projects/{project}/sli",
            names={"project": project},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def delete_project_sli(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the sli.yaml of a project out of use. Its versions stay, for the evaluations that used them."""
        answer: None = self._ask(
            "DELETE", "/v1/projects/{project}/sli", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def list_project_sli_versions(
        self,
        *,
        project: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListProjectSliVersionsAnswer:
        """All versions of the sli.yaml of a project, newest first."""
        answer: models.ListProjectSliVersionsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/sli/versions",
            names={"project": project},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_merged_sli(
        self, *, project: str, stage: str, service: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.MergedSli:
        """All SLI queries of a service: its own over those of its stage over those of the project."""
        answer: models.MergedSli = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli/merged",
            names={"project": project, "stage": stage, "service": service},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_resources(
        self,
        *,
        project: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListResourcesAnswer:
        """Which slo.yaml and sli.yaml a project has."""
        answer: models.ListResourcesAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/resources",
            names={"project": project},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_service_evaluations(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        task: Literal["evaluate", "evaluation"] | None = None,
        result: str | None = None,
        correlationid: str | None = None,
        deployment: str | None = None,
        commit: str | None = None,
        tag: str | None = None,
        invalidated: bool | None = None,
        samples: bool | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListServiceEvaluationsAnswer:
        """Evaluations of a service in a stage, newest first, with scores and SLIs."""
        answer: models.ListServiceEvaluationsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/evaluations",
            names={"project": project, "stage": stage, "service": service},
            query={
                "task": task,
                "result": result,
                "correlationid": correlationid,
                "deployment": deployment,
                "commit": commit,
                "tag": tag,
                "invalidated": invalidated,
                "samples": samples,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def start_evaluation(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        body: models.EvaluationRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.EvaluationStarted:
        """Start an evaluation of a span of time: triggers the sequence `evaluation` of the stage."""
        answer: models.EvaluationStarted = self._ask(
            "POST",
            "/v1/projects/{project}/stages/{stage}/services/{service}/evaluations",
            names={"project": project, "stage": stage, "service": service},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_evaluations(
        self,
        *,
        project: str,
        stage: str | None = None,
        service: str | None = None,
        task: Literal["evaluate", "evaluation"] | None = None,
        result: str | None = None,
        correlationid: str | None = None,
        deployment: str | None = None,
        commit: str | None = None,
        tag: str | None = None,
        invalidated: bool | None = None,
        samples: bool | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListEvaluationsAnswer:
        """Evaluations of a project, newest first, with scores and SLIs: all that a heat map needs."""
        answer: models.ListEvaluationsAnswer = self._ask(
            "GET",
            "/v1/projects/{project}/evaluations",
            names={"project": project},
            query={
                "stage": stage,
                "service": service,
                "task": task,
                "result": result,
                "correlationid": correlationid,
                "deployment": deployment,
                "commit": commit,
                "tag": tag,
                "invalidated": invalidated,
                "samples": samples,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_evaluation(
        self, *, id: str, source: str | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Evaluation:
        """One evaluation with everything that decided. By its id, or by that of its finished event."""
        answer: models.Evaluation = self._ask(
            "GET", "/v1/evaluations/{id}", names={"id": id}, query={"source": source}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def get_evaluation_report(self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> str:
        """The same as one page that needs nothing else, with the runs before it as a heat map."""
        answer: str = self._ask(
            "GET", "/v1/evaluations/{id}/report", names={"id": id}, accept="text/html", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def invalidate_evaluation(
        self,
        *,
        id: str,
        body: models.EvaluationMarkRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.EvaluationSummary:
        """Keep an evaluation from being a baseline. Sends `<task>.invalidated`, as Keptn did."""
        answer: models.EvaluationSummary = self._ask(
            "POST",
            "/v1/evaluations/{id}/invalidate",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def reinstate_evaluation(
        self,
        *,
        id: str,
        body: models.EvaluationMarkRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.EvaluationSummary:
        """Let an invalidated evaluation be a baseline again."""
        answer: models.EvaluationSummary = self._ask(
            "POST",
            "/v1/evaluations/{id}/reinstate",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def replay_evaluation(
        self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.ReplayAnswer:
        """Judge the stored values by the stored slo.yaml and baseline again, and compare."""
        answer: models.ReplayAnswer = self._ask(
            "POST", "/v1/evaluations/{id}/replay", names={"id": id}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def what_if_evaluation(
        self, *, id: str, body: models.WhatIfRequest, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.WhatIfAnswer:
        """Evaluates again with another slo.yaml, baseline or values, and stores nothing."""
        answer: models.WhatIfAnswer = self._ask(
            "POST",
            "/v1/evaluations/{id}/what-if",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_runs(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        sequence: str | None = None,
        service: str | None = None,
        state: Literal[
            "working",
            "waiting-worker",
            "waiting-person",
            "waiting-turn",
            "sleeping",
            "paused",
            "parked",
            "passed",
            "warning",
            "failed",
            "aborted",
            "waiting",
            "running",
            "finished",
        ]
        | None = None,
        result: Literal["pass", "warning", "fail"] | None = None,
        correlationid: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListRunsAnswer:
        """Runs, newest first."""
        answer: models.ListRunsAnswer = self._ask(
            "GET",
            "/v1/runs",
            query={
                "project": project,
                "stage": stage,
                "sequence": sequence,
                "service": service,
                "state": state,
                "result": result,
                "correlationid": correlationid,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def count_runs(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        sequence: str | None = None,
        service: str | None = None,
        state: Literal[
            "working",
            "waiting-worker",
            "waiting-person",
            "waiting-turn",
            "sleeping",
            "paused",
            "parked",
            "passed",
            "warning",
            "failed",
            "aborted",
            "waiting",
            "running",
            "finished",
        ]
        | None = None,
        result: Literal["pass", "warning", "fail"] | None = None,
        correlationid: str | None = None,
        since: int | None = None,
        until: int | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.RunCounts:
        """How many runs there are, by phase and result."""
        answer: models.RunCounts = self._ask(
            "GET",
            "/v1/run-counts",
            query={
                "project": project,
                "stage": stage,
                "sequence": sequence,
                "service": service,
                "state": state,
                "result": result,
                "correlationid": correlationid,
                "since": since,
                "until": until,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def get_environment(
        self, *, project: str | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.GetEnvironmentAnswer:
        """The last run and the open runs of each service in each stage; services with the newest runs first."""
        answer: models.GetEnvironmentAnswer = self._ask(
            "GET", "/v1/environment", query={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def get_run(self, *, run: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.Run:
        """One run with its tasks and attempts; 304 to `If-None-Match` while the run has the `ETag` named there."""
        answer: models.Run = self._ask("GET", "/v1/runs/{run}", names={"run": run}, headers=headers, timeout_ms=timeout_ms)
        return answer

    def list_run_events(
        self,
        *,
        run: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListRunEventsAnswer:
        """Its events, oldest first."""
        answer: models.ListRunEventsAnswer = self._ask(
            "GET",
            "/v1/runs/{run}/events",
            names={"run": run},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def why_run(self, *, run: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.Why:
        """Why a run waits, as code and sentence."""
        answer: models.Why = self._ask("GET", "/v1/runs/{run}/why", names={"run": run}, headers=headers, timeout_ms=timeout_ms)
        return answer

    def get_context(
        self, *, correlationid: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Context:
        """Every run of one context across stages."""
        answer: models.Context = self._ask(
            "GET", "/v1/contexts/{correlationid}", names={"correlationid": correlationid}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def command_run(
        self,
        *,
        run: str,
        command: str,
        body: models.CommandRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.CommandAnswer:
        """Control a run: pause, resume, abort."""
        answer: models.CommandAnswer = self._ask(
            "POST",
            "/v1/runs/{run}/{command}",
            names={"run": run, "command": command},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def list_services(
        self,
        *,
        project: str | None = None,
        task: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListServicesAnswer:
        """Connected and known services by task, and tasks without a service."""
        answer: models.ListServicesAnswer = self._ask(
            "GET", "/v1/services", query={"project": project, "task": task}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def list_subscriptions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListSubscriptionsAnswer:
        """All push subscriptions."""
        answer: models.ListSubscriptionsAnswer = self._ask(
            "GET", "/v1/subscriptions", query={"limit": limit, "cursor": cursor}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def get_subscription(
        self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Subscription:
        """One push subscription."""
        answer: models.Subscription = self._ask(
            "GET", "/v1/subscriptions/{id}", names={"id": id}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def put_subscription(
        self, *, id: str, body: models.SubscriptionPut, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Subscription:
        """Create or replace a push subscription."""
        answer: models.Subscription = self._ask(
            "PUT",
            "/v1/subscriptions/{id}",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    def delete_subscription(self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> None:
        """End a push subscription."""
        answer: None = self._ask("DELETE", "/v1/subscriptions/{id}", names={"id": id}, headers=headers, timeout_ms=timeout_ms)
        return answer

    def get_session(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.Session:
        """The caller and its permissions."""
        answer: models.Session = self._ask("GET", "/v1/session", headers=headers, timeout_ms=timeout_ms)
        return answer

    def create_session(
        self, *, body: models.SessionRequest, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Session:
        """Exchange a token for a cookie that scripts cannot read. With the cookie, requests other than GET need the header `x-slipway-csrf: 1`."""
        answer: models.Session = self._ask(
            "POST", "/v1/session", body=body, kind="application/json", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    def delete_session(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> None:
        """Drop the cookie."""
        answer: None = self._ask("DELETE", "/v1/session", headers=headers, timeout_ms=timeout_ms)
        return answer

    def get_open_api(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any:
        """This description."""
        return self._ask("GET", "/v1/openapi.json", headers=headers, timeout_ms=timeout_ms)

    def get_docs(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> str:
        """This description as a page."""
        answer: str = self._ask("GET", "/v1/docs", accept="text/html", headers=headers, timeout_ms=timeout_ms)
        return answer

    def livez(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.LivezAnswer:
        """Is the process alive."""
        answer: models.LivezAnswer = self._ask("GET", "/livez", headers=headers, timeout_ms=timeout_ms)
        return answer

    def readyz(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any:
        """Can it take work: store, bus, lag."""
        return self._ask("GET", "/readyz", answers=(503,), headers=headers, timeout_ms=timeout_ms)

    def metrics(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> str:
        """Prometheus metrics."""
        answer: str = self._ask("GET", "/metrics", accept="text/plain", headers=headers, timeout_ms=timeout_ms)
        return answer


class AsyncOperations(ABC):
    @abstractmethod
    async def _ask(
        self,
        method: str,
        path: str,
        *,
        names: Mapping[str, str] | None = None,
        query: Mapping[str, object] | None = None,
        labels: Mapping[str, str] | None = None,
        body: object = None,
        kind: str = "application/json",
        accept: str = "application/json",
        answers: Sequence[int] = (),
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> Any: ...

    async def list_events(
        self,
        *,
        correlationid: str | None = None,
        type: str | None = None,
        source: str | None = None,
        project: str | None = None,
        stage: str | None = None,
        service: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListEventsAnswer:
        """Received and sent events, newest first."""
        answer: models.ListEventsAnswer = await self._ask(
            "GET",
            "/v1/events",
            query={
                "correlationid": correlationid,
                "type": type,
                "source": source,
                "project": project,
                "stage": stage,
                "service": service,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def send_events(
        self,
        *,
        body: models.CloudEvent | models.KeptnCloudEvent | Sequence[models.CloudEvent | models.KeptnCloudEvent],
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Waited | models.Accepted:
        """Take an event or a batch; answers when it is durable. `Prefer: wait=SECONDS` waits for the run."""
        answer: models.Waited | models.Accepted = await self._ask(
            "POST", "/v1/events", body=body, kind="application/cloudevents+json", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def put_data(
        self, *, body: Any | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.PutDataAnswer:
        """Take the data of an event that is too large to travel, as JSON of at most 8 MB. The event names them by `dataref`."""
        answer: models.PutDataAnswer = await self._ask(
            "POST", "/v1/data", body=body, kind="application/json", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_data(self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any:
        """What `dataref` of an event names: its data."""
        return await self._ask("GET", "/v1/data/{id}", names={"id": id}, headers=headers, timeout_ms=timeout_ms)

    async def claim_tasks(
        self,
        *,
        task: str,
        body: models.ClaimRequest,
        wait: str | None = None,
        max: int | None = None,
        lease: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> list[models.CloudEvent | models.KeptnCloudEvent] | None:
        """Claim attempts of a task. A claim is `started`, with a lease; 204 when there was nothing within `wait`."""
        answer: list[models.CloudEvent | models.KeptnCloudEvent] | None = await self._ask(
            "POST",
            "/v1/tasks/{task}/claim",
            names={"task": task},
            query={"wait": wait, "max": max, "lease": lease},
            body=body,
            kind="application/json",
            accept="application/cloudevents-batch+json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_event(
        self, *, id: str, source: str | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.EventView:
        """One event by its id."""
        answer: models.EventView = await self._ask(
            "GET", "/v1/events/{id}", names={"id": id}, query={"source": source}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def list_projects(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListProjectsAnswer:
        """All projects."""
        answer: models.ListProjectsAnswer = await self._ask(
            "GET", "/v1/projects", query={"limit": limit, "cursor": cursor}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_project(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Project:
        """One project."""
        answer: models.Project = await self._ask(
            "GET", "/v1/projects/{project}", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def put_project(
        self, *, project: str, body: models.ProjectPut, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Project:
        """Create a project or change its settings."""
        answer: models.Project = await self._ask(
            "PUT",
            "/v1/projects/{project}",
            names={"project": project},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def delete_project(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Delete a project that has no open run, with all its runs."""
        answer: None = await self._ask(
            "DELETE", "/v1/projects/{project}", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_shipyard(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.ShipyardVersion:
        """The shipyard in use."""
        answer: models.ShipyardVersion = await self._ask(
            "GET", "/v1/projects/{project}/shipyard", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def put_shipyard(
        self,
        *,
        project: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ShipyardPutAnswer:
        """Upload a shipyard (YAML). 201 with its version, 200 when the meaning did not change, 422 with every problem. Creates the project."""
        answer: models.ShipyardPutAnswer = await self._ask(
            "PUT",
            "/v1/projects/{project}/shipyard",
            names={"project": project},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_shipyards(
        self,
        *,
        project: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListShipyardsAnswer:
        """All versions, newest first."""
        answer: models.ListShipyardsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/shipyards",
            names={"project": project},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_shipyard_version(
        self, *, project: str, version: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.ShipyardVersion:
        """One version."""
        answer: models.ShipyardVersion = await self._ask(
            "GET",
            "/v1/projects/{project}/shipyards/{version}",
            names={"project": project, "version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_slo(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The slo.yaml of a service in use, or one of its versions."""
        answer: models.Resource = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo",
            names={"project": project, "stage": stage, "service": service},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def put_slo(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the slo.yaml of a service (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = await self._ask(
            "PUT",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo",
            names={"project": project, "stage": stage, "service": service},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def delete_slo(
        self, *, project: str, stage: str, service: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the slo.yaml of a service out of use. Its versions stay, for the evaluations that used them."""
        answer: None = await self._ask(
            "DELETE",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo",
            names={"project": project, "stage": stage, "service": service},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_slo_versions(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListSloVersionsAnswer:
        """All versions of the slo.yaml of a service, newest first."""
        answer: models.ListSloVersionsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/slo/versions",
            names={"project": project, "stage": stage, "service": service},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_sli(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The sli.yaml of a service in use, or one of its versions."""
        answer: models.Resource = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli",
            names={"project": project, "stage": stage, "service": service},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def put_sli(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the sli.yaml of a service (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = await self._ask(
            "PUT",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli",
            names={"project": project, "stage": stage, "service": service},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def delete_sli(
        self, *, project: str, stage: str, service: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the sli.yaml of a service out of use. Its versions stay, for the evaluations that used them."""
        answer: None = await self._ask(
            "DELETE",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli",
            names={"project": project, "stage": stage, "service": service},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_sli_versions(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListSliVersionsAnswer:
        """All versions of the sli.yaml of a service, newest first."""
        answer: models.ListSliVersionsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli/versions",
            names={"project": project, "stage": stage, "service": service},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_stage_sli(
        self,
        *,
        project: str,
        stage: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The sli.yaml of a stage in use, or one of its versions."""
        answer: models.Resource = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/sli",
            names={"project": project, "stage": stage},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def put_stage_sli(
        self,
        *,
        project: str,
        stage: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the sli.yaml of a stage (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = await self._ask(
            "PUT",
            "/v1/projects/{project}/stages/{stage}/sli",
            names={"project": project, "stage": stage},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def delete_stage_sli(
        self, *, project: str, stage: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the sli.yaml of a stage out of use. Its versions stay, for the evaluations that used them."""
        answer: None = await self._ask(
            "DELETE",
            "/v1/projects/{project}/stages/{stage}/sli",
            names={"project": project, "stage": stage},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_stage_sli_versions(
        self,
        *,
        project: str,
        stage: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListStageSliVersionsAnswer:
        """All versions of the sli.yaml of a stage, newest first."""
        answer: models.ListStageSliVersionsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/sli/versions",
            names={"project": project, "stage": stage},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_project_sli(
        self,
        *,
        project: str,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.Resource:
        """The sli.yaml of a project in use, or one of its versions."""
        answer: models.Resource = await self._ask(
            "GET",
            "/v1/projects/{project}/sli",
            names={"project": project},
            query={"version": version},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def put_project_sli(
        self,
        *,
        project: str,
        body: str,
        dry_run: bool | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ResourcePutAnswer:
        """Upload the sli.yaml of a project (YAML). 201 with its version, 200 when it was the same, 422 with every problem."""
        answer: models.ResourcePutAnswer = await self._ask(
            "PUT",
            "/v1/projects/{project}/sli",
            names={"project": project},
            query={"dryRun": dry_run},
            body=body,
            kind="application/yaml",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def delete_project_sli(
        self, *, project: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """Take the sli.yaml of a project out of use. Its versions stay, for the evaluations that used them."""
        answer: None = await self._ask(
            "DELETE", "/v1/projects/{project}/sli", names={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def list_project_sli_versions(
        self,
        *,
        project: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListProjectSliVersionsAnswer:
        """All versions of the sli.yaml of a project, newest first."""
        answer: models.ListProjectSliVersionsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/sli/versions",
            names={"project": project},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_merged_sli(
        self, *, project: str, stage: str, service: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.MergedSli:
        """All SLI queries of a service: its own over those of its stage over those of the project."""
        answer: models.MergedSli = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/sli/merged",
            names={"project": project, "stage": stage, "service": service},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_resources(
        self,
        *,
        project: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListResourcesAnswer:
        """Which slo.yaml and sli.yaml a project has."""
        answer: models.ListResourcesAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/resources",
            names={"project": project},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_service_evaluations(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        task: Literal["evaluate", "evaluation"] | None = None,
        result: str | None = None,
        correlationid: str | None = None,
        deployment: str | None = None,
        commit: str | None = None,
        tag: str | None = None,
        invalidated: bool | None = None,
        samples: bool | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListServiceEvaluationsAnswer:
        """Evaluations of a service in a stage, newest first, with scores and SLIs."""
        answer: models.ListServiceEvaluationsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/stages/{stage}/services/{service}/evaluations",
            names={"project": project, "stage": stage, "service": service},
            query={
                "task": task,
                "result": result,
                "correlationid": correlationid,
                "deployment": deployment,
                "commit": commit,
                "tag": tag,
                "invalidated": invalidated,
                "samples": samples,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def start_evaluation(
        self,
        *,
        project: str,
        stage: str,
        service: str,
        body: models.EvaluationRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.EvaluationStarted:
        """Start an evaluation of a span of time: triggers the sequence `evaluation` of the stage."""
        answer: models.EvaluationStarted = await self._ask(
            "POST",
            "/v1/projects/{project}/stages/{stage}/services/{service}/evaluations",
            names={"project": project, "stage": stage, "service": service},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_evaluations(
        self,
        *,
        project: str,
        stage: str | None = None,
        service: str | None = None,
        task: Literal["evaluate", "evaluation"] | None = None,
        result: str | None = None,
        correlationid: str | None = None,
        deployment: str | None = None,
        commit: str | None = None,
        tag: str | None = None,
        invalidated: bool | None = None,
        samples: bool | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListEvaluationsAnswer:
        """Evaluations of a project, newest first, with scores and SLIs: all that a heat map needs."""
        answer: models.ListEvaluationsAnswer = await self._ask(
            "GET",
            "/v1/projects/{project}/evaluations",
            names={"project": project},
            query={
                "stage": stage,
                "service": service,
                "task": task,
                "result": result,
                "correlationid": correlationid,
                "deployment": deployment,
                "commit": commit,
                "tag": tag,
                "invalidated": invalidated,
                "samples": samples,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_evaluation(
        self, *, id: str, source: str | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Evaluation:
        """One evaluation with everything that decided. By its id, or by that of its finished event."""
        answer: models.Evaluation = await self._ask(
            "GET", "/v1/evaluations/{id}", names={"id": id}, query={"source": source}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_evaluation_report(
        self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> str:
        """The same as one page that needs nothing else, with the runs before it as a heat map."""
        answer: str = await self._ask(
            "GET", "/v1/evaluations/{id}/report", names={"id": id}, accept="text/html", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def invalidate_evaluation(
        self,
        *,
        id: str,
        body: models.EvaluationMarkRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.EvaluationSummary:
        """Keep an evaluation from being a baseline. Sends `<task>.invalidated`, as Keptn did."""
        answer: models.EvaluationSummary = await self._ask(
            "POST",
            "/v1/evaluations/{id}/invalidate",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def reinstate_evaluation(
        self,
        *,
        id: str,
        body: models.EvaluationMarkRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.EvaluationSummary:
        """Let an invalidated evaluation be a baseline again."""
        answer: models.EvaluationSummary = await self._ask(
            "POST",
            "/v1/evaluations/{id}/reinstate",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def replay_evaluation(
        self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.ReplayAnswer:
        """Judge the stored values by the stored slo.yaml and baseline again, and compare."""
        answer: models.ReplayAnswer = await self._ask(
            "POST", "/v1/evaluations/{id}/replay", names={"id": id}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def what_if_evaluation(
        self, *, id: str, body: models.WhatIfRequest, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.WhatIfAnswer:
        """Evaluates again with another slo.yaml, baseline or values, and stores nothing."""
        answer: models.WhatIfAnswer = await self._ask(
            "POST",
            "/v1/evaluations/{id}/what-if",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_runs(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        sequence: str | None = None,
        service: str | None = None,
        state: Literal[
            "working",
            "waiting-worker",
            "waiting-person",
            "waiting-turn",
            "sleeping",
            "paused",
            "parked",
            "passed",
            "warning",
            "failed",
            "aborted",
            "waiting",
            "running",
            "finished",
        ]
        | None = None,
        result: Literal["pass", "warning", "fail"] | None = None,
        correlationid: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListRunsAnswer:
        """Runs, newest first."""
        answer: models.ListRunsAnswer = await self._ask(
            "GET",
            "/v1/runs",
            query={
                "project": project,
                "stage": stage,
                "sequence": sequence,
                "service": service,
                "state": state,
                "result": result,
                "correlationid": correlationid,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def count_runs(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        sequence: str | None = None,
        service: str | None = None,
        state: Literal[
            "working",
            "waiting-worker",
            "waiting-person",
            "waiting-turn",
            "sleeping",
            "paused",
            "parked",
            "passed",
            "warning",
            "failed",
            "aborted",
            "waiting",
            "running",
            "finished",
        ]
        | None = None,
        result: Literal["pass", "warning", "fail"] | None = None,
        correlationid: str | None = None,
        since: int | None = None,
        until: int | None = None,
        labels: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.RunCounts:
        """How many runs there are, by phase and result."""
        answer: models.RunCounts = await self._ask(
            "GET",
            "/v1/run-counts",
            query={
                "project": project,
                "stage": stage,
                "sequence": sequence,
                "service": service,
                "state": state,
                "result": result,
                "correlationid": correlationid,
                "since": since,
                "until": until,
            },
            labels=labels,
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def get_environment(
        self, *, project: str | None = None, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.GetEnvironmentAnswer:
        """The last run and the open runs of each service in each stage; services with the newest runs first."""
        answer: models.GetEnvironmentAnswer = await self._ask(
            "GET", "/v1/environment", query={"project": project}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_run(self, *, run: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.Run:
        """One run with its tasks and attempts; 304 to `If-None-Match` while the run has the `ETag` named there."""
        answer: models.Run = await self._ask("GET", "/v1/runs/{run}", names={"run": run}, headers=headers, timeout_ms=timeout_ms)
        return answer

    async def list_run_events(
        self,
        *,
        run: str,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListRunEventsAnswer:
        """Its events, oldest first."""
        answer: models.ListRunEventsAnswer = await self._ask(
            "GET",
            "/v1/runs/{run}/events",
            names={"run": run},
            query={"limit": limit, "cursor": cursor},
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def why_run(self, *, run: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.Why:
        """Why a run waits, as code and sentence."""
        answer: models.Why = await self._ask(
            "GET", "/v1/runs/{run}/why", names={"run": run}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_context(
        self, *, correlationid: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Context:
        """Every run of one context across stages."""
        answer: models.Context = await self._ask(
            "GET", "/v1/contexts/{correlationid}", names={"correlationid": correlationid}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def command_run(
        self,
        *,
        run: str,
        command: str,
        body: models.CommandRequest | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.CommandAnswer:
        """Control a run: pause, resume, abort."""
        answer: models.CommandAnswer = await self._ask(
            "POST",
            "/v1/runs/{run}/{command}",
            names={"run": run, "command": command},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def list_services(
        self,
        *,
        project: str | None = None,
        task: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListServicesAnswer:
        """Connected and known services by task, and tasks without a service."""
        answer: models.ListServicesAnswer = await self._ask(
            "GET", "/v1/services", query={"project": project, "task": task}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def list_subscriptions(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_ms: float | None = None,
    ) -> models.ListSubscriptionsAnswer:
        """All push subscriptions."""
        answer: models.ListSubscriptionsAnswer = await self._ask(
            "GET", "/v1/subscriptions", query={"limit": limit, "cursor": cursor}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_subscription(
        self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Subscription:
        """One push subscription."""
        answer: models.Subscription = await self._ask(
            "GET", "/v1/subscriptions/{id}", names={"id": id}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def put_subscription(
        self, *, id: str, body: models.SubscriptionPut, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Subscription:
        """Create or replace a push subscription."""
        answer: models.Subscription = await self._ask(
            "PUT",
            "/v1/subscriptions/{id}",
            names={"id": id},
            body=body,
            kind="application/json",
            headers=headers,
            timeout_ms=timeout_ms,
        )
        return answer

    async def delete_subscription(
        self, *, id: str, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> None:
        """End a push subscription."""
        answer: None = await self._ask(
            "DELETE", "/v1/subscriptions/{id}", names={"id": id}, headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def get_session(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.Session:
        """The caller and its permissions."""
        answer: models.Session = await self._ask("GET", "/v1/session", headers=headers, timeout_ms=timeout_ms)
        return answer

    async def create_session(
        self, *, body: models.SessionRequest, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None
    ) -> models.Session:
        """Exchange a token for a cookie that scripts cannot read. With the cookie, requests other than GET need the header `x-slipway-csrf: 1`."""
        answer: models.Session = await self._ask(
            "POST", "/v1/session", body=body, kind="application/json", headers=headers, timeout_ms=timeout_ms
        )
        return answer

    async def delete_session(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> None:
        """Drop the cookie."""
        answer: None = await self._ask("DELETE", "/v1/session", headers=headers, timeout_ms=timeout_ms)
        return answer

    async def get_open_api(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any:
        """This description."""
        return await self._ask("GET", "/v1/openapi.json", headers=headers, timeout_ms=timeout_ms)

    async def get_docs(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> str:
        """This description as a page."""
        answer: str = await self._ask("GET", "/v1/docs", accept="text/html", headers=headers, timeout_ms=timeout_ms)
        return answer

    async def livez(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> models.LivezAnswer:
        """Is the process alive."""
        answer: models.LivezAnswer = await self._ask("GET", "/livez", headers=headers, timeout_ms=timeout_ms)
        return answer

    async def readyz(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> Any:
        """Can it take work: store, bus, lag."""
        return await self._ask("GET", "/readyz", answers=(503,), headers=headers, timeout_ms=timeout_ms)

    async def metrics(self, *, headers: Mapping[str, str] | None = None, timeout_ms: float | None = None) -> str:
        """Prometheus metrics."""
        answer: str = await self._ask("GET", "/metrics", accept="text/plain", headers=headers, timeout_ms=timeout_ms)
        return answer
