// Streams and events: what is done when.
#include "device.h"

TEST(work_waits_until_it_is_waited_for) {
    const Device device;
    Stream stream;
    const Array<int> a(std::vector<int>{1});
    Pinned<int> in(2), out(0);
    CHECK_EQUAL(cuMemcpyHtoDAsync(a.at, in.at, 4, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemcpyDtoHAsync(out.at, a.at, 4, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(*out.at, 0);
    *in.at = 3;  // too early: the copy takes this value
    CHECK_EQUAL(stream.sync(), CUDA_SUCCESS);
    CHECK_EQUAL(*out.at, 3);
}

TEST(eager_work_does_not_wait) {
    const Outcome o = in_child({{"RESNET_EMU_EAGER", "1"}}, [] {
        const Device device;
        Stream stream;
        const Array<int> a(1);
        Pinned<int> in(2), out(0);
        cuMemcpyHtoDAsync(a.at, in.at, 4, stream.handle);
        cuMemcpyDtoHAsync(out.at, a.at, 4, stream.handle);
        CHECK_EQUAL(*out.at, 2);
    });
    CHECK(o.exited(0));
}

// forgotten_wait reads on one stream what another writes, and says what it reads.
static int forgotten_wait(bool waits) {
    Stream writer, reader;
    const Array<int> a(std::vector<int>{1});
    Pinned<int> in(2), out(0);
    CUevent written;
    CHECK_EQUAL(cuEventCreate(&written, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemcpyHtoDAsync(a.at, in.at, 4, writer.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventRecord(written, writer.handle), CUDA_SUCCESS);
    if (waits) CHECK_EQUAL(cuStreamWaitEvent(reader.handle, written, 0), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemcpyDtoHAsync(out.at, a.at, 4, reader.handle), CUDA_SUCCESS);
    CHECK_EQUAL(reader.sync(), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventDestroy(written), CUDA_SUCCESS);
    return *out.at;
}

TEST(a_forgotten_wait_shows) {
    const Device device;
    CHECK_EQUAL(forgotten_wait(true), 2);
    CHECK_EQUAL(forgotten_wait(false), 1);
}

TEST(other_streams_may_run_ahead) {
    // Memory that is written again too early shows only where the other stream is quick.
    const auto overwritten = [] {
        const Device device;
        Stream writer, reader;
        const Array<int> a(std::vector<int>{1});
        Pinned<int> in(2), out(0);
        cuMemcpyDtoHAsync(out.at, a.at, 4, reader.handle);
        cuMemcpyHtoDAsync(a.at, in.at, 4, writer.handle);
        CHECK_EQUAL(reader.sync(), CUDA_SUCCESS);
        exit(*out.at);
    };
    CHECK(in_child({}, overwritten).exited(1));
    CHECK(in_child({{"RESNET_EMU_ORDER", "others-first"}}, overwritten).exited(2));
}

TEST(the_default_stream_and_blocking_streams_wait_for_each_other) {
    const Device device;
    CUstream blocking;
    CHECK_EQUAL(cuStreamCreate(&blocking, CU_STREAM_DEFAULT), CUDA_SUCCESS);
    const Array<int> a(std::vector<int>{1});
    Pinned<int> in(2), out(0);
    cuMemcpyHtoDAsync(a.at, in.at, 4, blocking);
    cuMemcpyDtoHAsync(out.at, a.at, 4, nullptr);
    CHECK_EQUAL(cuStreamSynchronize(nullptr), CUDA_SUCCESS);
    CHECK_EQUAL(*out.at, 2);
    *in.at = 3;
    cuMemcpyHtoDAsync(a.at, in.at, 4, nullptr);
    cuMemcpyDtoHAsync(out.at, a.at, 4, blocking);
    CHECK_EQUAL(cuStreamSynchronize(blocking), CUDA_SUCCESS);
    CHECK_EQUAL(*out.at, 3);
    CHECK_EQUAL(cuStreamDestroy(blocking), CUDA_SUCCESS);
}

TEST(events_tell_times) {
    const Device device;
    Stream stream;
    CUevent start, end, timeless;
    float ms;
    for (CUevent *e : {&start, &end}) CHECK_EQUAL(cuEventCreate(e, CU_EVENT_DEFAULT), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventCreate(&timeless, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventElapsedTime(&ms, start, end), CUDA_ERROR_INVALID_HANDLE);
    const Array<int> a(1 << 20);
    CHECK_EQUAL(cuEventRecord(start, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuMemsetD32Async(a.at, 1, a.n, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventRecord(end, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventElapsedTime(&ms, start, end), CUDA_ERROR_NOT_READY);
    CHECK_EQUAL(cuEventQuery(end), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventElapsedTime(&ms, start, end), CUDA_SUCCESS);
    CHECK(ms > 0 && ms < 10000);
    CHECK_EQUAL(cuEventRecord(timeless, stream.handle), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventSynchronize(timeless), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventElapsedTime(&ms, start, timeless), CUDA_ERROR_INVALID_HANDLE);
}

TEST(handles_must_live) {
    const Device device;
    CUstream stream;
    CUevent event;
    CHECK_EQUAL(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventCreate(&event, 0), CUDA_SUCCESS);
    CHECK_EQUAL(cuStreamSynchronize(reinterpret_cast<CUstream>(event)), CUDA_ERROR_INVALID_HANDLE);
    CHECK_EQUAL(cuStreamDestroy(stream), CUDA_SUCCESS);
    CHECK_EQUAL(cuStreamDestroy(stream), CUDA_ERROR_INVALID_HANDLE);
    CHECK_EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_INVALID_HANDLE);
    CHECK_EQUAL(cuEventDestroy(event), CUDA_SUCCESS);
    CHECK_EQUAL(cuEventRecord(event, nullptr), CUDA_ERROR_INVALID_HANDLE);
}

TEST(calls_want_a_context_of_the_right_device) {
    const Outcome o = in_child({{"RESNET_EMU_DEVICES", "2"}}, [] {
        CUstream stream;
        CHECK_EQUAL(cuStreamCreate(&stream, 0), CUDA_ERROR_NOT_INITIALIZED);
        CHECK_EQUAL(cuInit(0), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamCreate(&stream, 0), CUDA_ERROR_INVALID_CONTEXT);
        const Device first;
        CHECK_EQUAL(cuStreamCreate(&stream, 0), CUDA_SUCCESS);
        const Array<int> a(1);
        CUcontext second;
        CHECK_EQUAL(cuDevicePrimaryCtxRetain(&second, 1), CUDA_SUCCESS);
        CHECK_EQUAL(cuDevicePrimaryCtxRetain(&second, 2), CUDA_ERROR_INVALID_DEVICE);
        CHECK_EQUAL(cuCtxSetCurrent(second), CUDA_SUCCESS);
        CHECK_EQUAL(cuStreamSynchronize(stream), CUDA_ERROR_INVALID_CONTEXT);
        CHECK_EQUAL(cuMemsetD32Async(a.at, 0, 1, nullptr), CUDA_ERROR_INVALID_VALUE);
        CHECK_EQUAL(cuCtxSetCurrent(first.context), CUDA_SUCCESS);
        CHECK_EQUAL(cuMemsetD32Async(a.at, 0, 1, nullptr), CUDA_SUCCESS);
    });
    CHECK(o.exited(0));
}
