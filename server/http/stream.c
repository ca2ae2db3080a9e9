/* Streamed answers: a body made piece by piece while the client reads it, in chunked coding.
 *
 * All of it happens on the HTTP thread of the connection. MHD asks for more once what came before has been
 * handed to the socket, so every question is progress: it starts the deadline anew. A client that stops
 * reading is cut like any other, however long its download has run. */
#include "server/http/internal.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 * 1024 }; /* bytes MHD is to take at once; its connection memory allows less */

typedef struct http_stream {
    http_request *request; /* not to be touched in stream_free: it may be gone */
    http_produce produce;
    void (*release)(void *stream);
    void *data;
    lg_buf piece;
    size_t sent; /* of the piece */
} http_stream;

static void stream_free(void *context)
{
    http_stream *stream = context;
    stream->release(stream->data);
    lg_buf_clear(&stream->piece);
    free(stream);
}

/* The next piece; empty at the end. Making it is our time, not the client's. */
static lg_err next_piece(http_stream *stream)
{
    http_request *request = stream->request;
    http_server *server = request->server;
    /* A download may take as long as its reader likes, a stop may not. */
    if (atomic_load(&server->stopping))
        return LG_STOPPING;
    if (!deadline_enter(request->connection, PHASE_WORKING, 0))
        return LG_REQUEST_TIMEOUT;
    lg_buf_reset(&stream->piece);
    stream->sent = 0;
    lg_err err = stream->produce(stream->data, &stream->piece);
    if (err != LG_OK)
        access_fault(request, "The answer ended early.", lg_err_slug(err), NULL);
    return err;
}

static ssize_t read_stream(void *context, uint64_t at, char *out, size_t max)
{
    http_stream *stream = context;
    http_request *request = stream->request;
    (void)at; /* MHD asks in order */
    if (stream->sent == stream->piece.len && next_piece(stream) != LG_OK)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t left = stream->piece.len - stream->sent, len = left < max ? left : max;
    if (!deadline_enter(request->connection, PHASE_SENDING, len))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (len == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    memcpy(out, stream->piece.data + stream->sent, len);
    stream->sent += len;
    request->answer_len += len;
    return (ssize_t)len;
}

http_result http_answer_stream(http_request *request, int status, const char *content_type,
                               http_produce produce, void (*release)(void *stream), void *stream_take)
{
    http_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        lg_die("out of memory for a streamed answer");
    *stream = (http_stream){.request = request, .produce = produce, .release = release, .data = stream_take};
    return answer_queue(
        request, status, content_type,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, stream, stream_free), 0);
}
