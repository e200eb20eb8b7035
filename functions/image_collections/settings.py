"""Settings of collections, read once from the environment by each handler."""

from pydantic import Field

from serving.settings import ServingSettings


class CollectionSettings(ServingSettings):
    """Field names are the environment variables, in capitals."""

    output_bucket: str = Field(description="Bucket that keeps collections' plans and results.")


class CollectionApiSettings(CollectionSettings):
    """What the routes read besides."""

    state_machine_arn: str = Field(description="The state machine that runs collections.")
    collection_buckets: str = Field(
        default="", description="Buckets whose photos may be classified, with commas between."
    )
