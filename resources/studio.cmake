# SPDX-License-Identifier: GPL-3.0-or-later
# What the studio carries in itself: its style sheet and the icons that it uses, taken from Debian's breeze-icon-theme
# when it is built. A line for each icon: <name in the studio> <file of the theme>.
set(HEADROOM_ICON_THEME "/usr/share/icons/breeze" CACHE PATH "Folder of the Breeze icon theme")
set(icons
  data actions/22/database-index
  model actions/22/distribute-graph-directed
  train actions/22/office-chart-line
  memory actions/22/office-chart-area-stacked
  export actions/22/document-export
  predict actions/22/games-hint
  system devices/22/computer
  start actions/22/media-playback-start
  pause actions/22/media-playback-pause
  stop actions/22/media-playback-stop
  menu actions/22/application-menu
  close actions/22/dialog-close
  folder actions/22/document-open-folder
  search actions/22/system-search
  warning status/22/data-warning
  copy actions/22/edit-copy)

set(qrc "${CMAKE_BINARY_DIR}/studio.qrc")
set(lines "<RCC>\n<qresource prefix=\"/theme\">\n")
foreach(file studio.qss check-dark.svg check-light.svg chevron-dark.svg chevron-light.svg
        chevron-up-dark.svg chevron-up-light.svg)
  string(APPEND lines "<file alias=\"${file}\">${CMAKE_SOURCE_DIR}/resources/theme/${file}</file>\n")
endforeach()
string(APPEND lines "</qresource>\n<qresource prefix=\"/icons\">\n")
while(icons)
  list(POP_FRONT icons name source)
  if(EXISTS "${HEADROOM_ICON_THEME}/${source}.svg")
    file(REAL_PATH "${HEADROOM_ICON_THEME}/${source}.svg" source)
    string(APPEND lines "<file alias=\"${name}.svg\">${source}</file>\n")
  else()
    message(WARNING "No icon ${HEADROOM_ICON_THEME}/${source}.svg: install breeze-icon-theme")
  endif()
endwhile()
string(APPEND lines "</qresource>\n</RCC>\n")
file(CONFIGURE OUTPUT "${qrc}" CONTENT "${lines}" @ONLY)
set_target_properties(headroom_ui PROPERTIES AUTORCC ON)
target_sources(headroom_ui PRIVATE "${qrc}")
