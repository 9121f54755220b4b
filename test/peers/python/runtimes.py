"""Runtimes of MLServer that stand in a graph: a scaler, a router, a combiner, an echo, a stream."""

from typing import AsyncIterator

import joblib
import numpy as np
from fastapi import Request
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.errors import InferenceError
from mlserver.handlers import custom_handler
from mlserver.types import InferenceRequest, InferenceResponse, Parameters, ResponseOutput
from mlserver.utils import get_model_uri


def answer(model, request, *outputs):
    return InferenceResponse(model_name=model.name, id=request.id, outputs=list(outputs))


def tensor(name, values):
    return NumpyCodec.encode_output(name, np.asarray(values))


class Scaler(MLModel):
    """A transformer: the StandardScaler that training left."""

    async def load(self) -> bool:
        self.scaler = joblib.load(await get_model_uri(self.settings))
        return True

    async def predict(self, request: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(request.inputs[0])
        return answer(self, request, tensor("scaled", self.scaler.transform(rows)))


class Choose(MLModel):
    """A router: the first value is the child."""

    async def predict(self, request: InferenceRequest) -> InferenceResponse:
        first = int(NumpyCodec.decode_input(request.inputs[0]).flat[0])
        return answer(self, request, tensor("route", [first]))

    @custom_handler(rest_path="/v2/models/choose/route")
    async def route(self, request: Request) -> InferenceResponse:
        return await self.predict(InferenceRequest.parse_raw(await request.body()))


class Mean(MLModel):
    """A combiner: the mean of what the children say, as lists over REST, as one request over gRPC."""

    async def predict(self, request: InferenceRequest) -> InferenceResponse:
        values = [NumpyCodec.decode_input(one) for one in request.inputs]
        return answer(self, request, tensor("mean", np.mean(values, axis=0)))

    @custom_handler(rest_path="/v2/models/mean/aggregate")
    async def aggregate(self, request: Request) -> InferenceResponse:
        answers = [InferenceResponse.parse_obj(one) for one in await request.json()]
        values = [NumpyCodec.decode_output(one.outputs[0]) for one in answers]
        return InferenceResponse(
            model_name=self.name, outputs=[tensor("mean", np.mean(values, axis=0))]
        )


class Echo(MLModel):
    """Answers with its inputs, and with the parameters of the request; `fail` makes it fail."""

    async def predict(self, request: InferenceRequest) -> InferenceResponse:
        given = request.parameters.model_dump(exclude_none=True) if request.parameters else {}
        if given.get("fail"):
            raise InferenceError("told to fail")
        return InferenceResponse(
            model_name=self.name,
            id=request.id,
            parameters=Parameters(**{k: v for k, v in given.items() if k == "said"}),
            outputs=[
                ResponseOutput(
                    name=one.name, datatype=one.datatype, shape=one.shape, data=one.data
                )
                for one in request.inputs
            ],
        )


class Count(MLModel):
    """Streams the numbers from 1 to the value it gets."""

    async def predict(self, request: InferenceRequest) -> InferenceResponse:
        return answer(self, request, tensor("count", [int(self.limit(request))]))

    async def predict_stream(
        self, requests: AsyncIterator[InferenceRequest]
    ) -> AsyncIterator[InferenceResponse]:
        async for request in requests:
            for number in range(1, self.limit(request) + 1):
                yield answer(self, request, tensor("count", [number]))

    def limit(self, request: InferenceRequest) -> int:
        return int(NumpyCodec.decode_input(request.inputs[0]).flat[0])
