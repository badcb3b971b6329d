# Runs in `cmake --install`. Honours DESTDIR and --prefix.
#
# Programs of the prefixes /usr and /usr/local have their config in /etc, as the daemon expects it; those of another
# prefix have it in PREFIX/etc. A config that is there already is the operator's: it stays as it is, and the new example
# goes beside it.
if(CMAKE_INSTALL_PREFIX MATCHES "^/(usr(/local)?/?)?$")
  set(sysconfdir /etc)
else()
  set(sysconfdir ${CMAKE_INSTALL_PREFIX}/etc)
endif()
set(SLUICE_BINDIR ${CMAKE_INSTALL_PREFIX}/bin)
set(SLUICE_CONFIG ${sysconfdir}/sluice/sluice.yaml)

set(unit ${CMAKE_INSTALL_PREFIX}/lib/systemd/system/sluiced.service)
message(STATUS "Installing: $ENV{DESTDIR}${unit}")
configure_file(${SLUICE_SOURCE_DIR}/systemd/sluiced.service.in $ENV{DESTDIR}${unit} @ONLY)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES ${unit})
file(INSTALL ${SLUICE_SOURCE_DIR}/systemd/sluiced.sysusers DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d
     RENAME sluiced.conf)

set(example ${SLUICE_SOURCE_DIR}/config/sluice.yaml)
if(EXISTS $ENV{DESTDIR}${SLUICE_CONFIG})
  file(SHA256 $ENV{DESTDIR}${SLUICE_CONFIG} installed)
  file(SHA256 ${example} new)
  if(NOT installed STREQUAL new)
    message(STATUS "Kept: $ENV{DESTDIR}${SLUICE_CONFIG} (the new example is sluice.yaml.new beside it)")
    file(INSTALL ${example} DESTINATION ${sysconfdir}/sluice RENAME sluice.yaml.new)
  endif()
else()
  file(INSTALL ${example} DESTINATION ${sysconfdir}/sluice)
endif()
