"""Alerts in Dagster: those that a reload posts itself, and those about runs that died before they could.

A reload posts its own, because Dagster's sensors see neither runs of the shell nor those of CI. The address of the webhook is
part of no resource, so Dagster never stores it.
"""

import dagster as dg

from aad_assets.alerts import Alert, post
from aad_assets.errors import ConfigurationError
from aad_assets.orchestration.resources import EntraResource
from aad_assets.orchestration.schedules import DATABASE_TAG
from aad_assets.settings import AlertFields

ALERTED = "aad_assets/alert"
"""The tag of a run that has posted its alert: its own id, because retries inherit tags."""


def send(context: dg.AssetExecutionContext, webhook: AlertFields, ca_bundle: str, alert: Alert | None) -> None:
    """Post the alert of a reload, if there is one and a webhook is set. A failure is logged, and the sensor tries again."""
    if not webhook.alert_webhook or webhook.invalid():
        return
    if alert and (problem := _post(webhook, ca_bundle, alert)):
        context.log.warning(problem)
        return
    context.instance.add_run_tags(context.run.run_id, {ALERTED: context.run.run_id})


def failed_run_sensor(
    connection_name: str, prefix: str, database_tag: str, webhook: AlertFields, entra: EntraResource
) -> dg.SensorDefinition:
    """Return the sensor that posts an alert for a run of the connection that died, and will not be retried."""

    def check_failed_run(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run = context.dagster_run
        if run.tags.get("dagster/will_retry", "").lower() == "true":
            return dg.SkipReason("Dagster retries this run.")
        if run.tags.get(ALERTED) == run.run_id:
            return dg.SkipReason("The run has posted its alert.")
        of_connection = any(asset.path[0] == connection_name for asset in run.asset_selection or ())
        if not of_connection and run.tags.get(DATABASE_TAG) != database_tag:
            return dg.SkipReason("The run is not one of this connection.")
        bundle = entra.ca_bundle.get_value() or "" if isinstance(entra.ca_bundle, dg.EnvVar) else entra.ca_bundle
        alert = Alert(
            connection_name, run.run_id, run.job_name, "the run failed without an alert of its own; its log says why"
        )
        if problem := _post(webhook, bundle, alert):
            raise dg.Failure(problem)
        return None

    return dg.RunStatusSensorDefinition(
        name=f"{prefix}alert_on_failed_run",
        run_status=dg.DagsterRunStatus.FAILURE,
        run_status_sensor_fn=check_failed_run,
        description="Posts an alert to AAD_ALERT_WEBHOOK for a run that died. Other failed runs post their own.",
        default_status=dg.DefaultSensorStatus.RUNNING,
    )


def _post(webhook: AlertFields, ca_bundle: str, alert: Alert) -> str:
    """Post the alert, and return why it was not accepted. Nothing that goes wrong here may end a run, or show the address."""
    try:
        return post(webhook.alert_webhook, alert.payload(webhook.alert_format, webhook.alert_webhook), ca_bundle)
    except ConfigurationError as error:
        return f"The alert could not be posted: {error}"
    except Exception as error:  # httpx's own errors of a URL quote it
        return f"The alert could not be posted ({type(error).__name__}). Check AAD_ALERT_WEBHOOK."
