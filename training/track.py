"""MLflow: runs, versions, and which of them is the champion."""

import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from mlflow import MlflowClient, MlflowException, set_tracking_uri, start_run
from mlflow import onnx as mlflow_onnx
from mlflow.entities.model_registry import ModelVersion

from tabular.artifact import Manifest, load_artifact
from training.errors import NoChampion
from training.trained import Trained, as_run
from training.write import write_artifact

ARTIFACT = "artifact"
CHAMPION = "champion"


class Tracking:
    """A server's, or a SQLite file below ``folder``."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        for library in ("alembic", "mlflow"):
            logging.getLogger(library).setLevel(logging.ERROR)
        uri = environ.get("MLFLOW_TRACKING_URI")
        self._files = None if uri else (folder / "artifacts").resolve().as_uri()
        if not uri:
            folder.mkdir(parents=True, exist_ok=True)
            uri = f"sqlite:///{(folder / 'mlflow.db').resolve()}"
        set_tracking_uri(uri)
        self._client = MlflowClient(uri)

    def record(self, trained: Trained, manifest: Manifest) -> str:
        """Log a run, register its model, and make it the champion if it beats the present one.

        A sentence says which, and why.
        """
        with start_run(experiment_id=self._experiment(trained.name)) as run:
            run_id = run.info.run_id
            for name, value in {**trained.training, **trained.trained_on}.items():
                self._client.log_param(run_id, name, value)
            for name, value in manifest.metrics.items():
                self._client.log_metric(run_id, name, value)
            for name, figure in trained.plots.items():
                self._client.log_figure(run_id, figure, f"plots/{name}.png")
            with TemporaryDirectory() as folder:
                write_artifact(Path(folder), as_run(manifest, run_id), trained.onnx)
                self._client.log_artifacts(run_id, folder, ARTIFACT)
            logged = mlflow_onnx.log_model(
                onnx.load_from_string(trained.onnx),
                name="model",
                registered_model_name=trained.name,
                pip_requirements=["onnxruntime", "numpy"],
            )
        version = self._client.get_model_version(trained.name, str(logged.registered_model_version))
        return self._judge(version, trained.champion_metric)

    def export(self, name: str, folder: Path) -> Manifest:
        """Write the champion's artifact into ``folder``.

        Raises:
            NoChampion: there is none.
        """
        champion = self._champion(name)
        if champion is None:
            raise NoChampion(f"{name} has no champion; train one: make train MODEL={name}")
        with TemporaryDirectory() as downloads:
            path = Path(self._client.download_artifacts(champion.run_id, ARTIFACT, downloads))
            manifest, model = load_artifact(path)
        write_artifact(folder, as_run(manifest, champion.run_id), model)
        return manifest

    def _judge(self, version: ModelVersion, metric: str) -> str:
        champion = self._champion(version.name)
        value = self._metric(version, metric)
        outcome = f"{version.name} version {version.version}, {metric} {value:.4f}"
        if champion is None:
            reason = "there was no champion"
        elif value > (best := self._metric(champion, metric)):
            reason = f"better than version {champion.version}, {best:.4f}"
        else:
            reason = f"no better than version {champion.version}, {best:.4f}"
            return f"{outcome}: not the champion, {reason}"
        self._client.set_registered_model_alias(version.name, CHAMPION, version.version)
        return f"{outcome}: the champion, {reason}"

    def _champion(self, name: str) -> ModelVersion | None:
        try:
            return self._client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException:
            return None

    def _metric(self, version: ModelVersion, metric: str) -> float:
        return float(self._client.get_run(version.run_id).data.metrics[metric])

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        location = f"{self._files}/{name}" if self._files else None
        return str(self._client.create_experiment(name, artifact_location=location))
