#pragma once

// Everything of the W3C surface. Signaling (WebSocket) is apart: cortc/signaling/websocket.hpp.
#include "cortc/answer.hpp"
#include "cortc/certificate.hpp"
#include "cortc/configuration.hpp"
#include "cortc/context.hpp"
#include "cortc/data_channel.hpp"
#include "cortc/error.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/identity.hpp"
#include "cortc/peer_connection.hpp"
#include "cortc/rtp_transceiver.hpp"
#include "cortc/session_description.hpp"
#include "cortc/states.hpp"
#include "cortc/timeout.hpp"
#include "cortc/timer.hpp"
