// The browser's side of drawing: one WebGL2 context on one canvas.
#pragma once

#include <string>

#include "dashboard/app.h"

namespace precordia::dashboard {

class WebGlCanvas {
 public:
  explicit WebGlCanvas(std::string selector);
  bool ready() const { return context_ != 0 && !lost_; }

  // The context went away (its objects with it), or came back.
  void lost();
  bool restored();

  // Draws what App::frame left in Dear ImGui's draw data.
  void draw(App& app, const WindowSize& size);

 private:
  bool begin();
  std::string selector_;
  unsigned long context_ = 0;
  bool lost_ = false, backend_ready_ = false;
};

}  // namespace precordia::dashboard
